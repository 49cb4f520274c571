import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsAssertion } from '../../test/support/fails-assertion.ts'
import type { Turn, TurnTask } from '../lib/turn.ts'
import { CommitScheduler } from './commit-scheduler.ts'
import type { Commit } from './commit.ts'

/** A turn that ends when the test says so, and an engine that finishes when the test says so. */
class Bench {
  readonly committed: Commit[] = []
  readonly sealed: Commit[] = []
  readonly scheduler: CommitScheduler
  #tasks: TurnTask[] = []

  constructor(commitsInFlightMax: number) {
    const turn = { schedule: (_phase: number, task: TurnTask) => this.#tasks.push(task) }
    this.scheduler = new CommitScheduler({
      turn: turn as unknown as Turn,
      write: (commit) => this.committed.push(commit),
      commitsInFlightMax,
      firstSequence: 10,
      onSeal: (commit) => this.sealed.push(commit),
    })
  }

  /** Something small happens in an atom; returns its commit. */
  change(): Commit {
    const commit = this.scheduler.beginAtom()
    commit.topology.push({ sequence: 1, bytes: Buffer.alloc(0) })
    this.scheduler.schedule()
    this.scheduler.endAtom()
    return commit
  }

  endTurn(): void {
    const tasks = this.#tasks
    this.#tasks = []
    for (const task of tasks) task.runTurn()
  }
}

test('everything of a turn is one commit, and what comes while it is written is the next', () => {
  const bench = new Bench(1)
  const first = bench.change()
  assert.equal(bench.change(), first)
  bench.endTurn()
  assert.deepEqual(bench.committed, [first])
  const second = bench.change()
  bench.change()
  bench.endTurn()
  assert.equal(bench.committed.length, 1)
  bench.scheduler.finish(first)
  bench.endTurn()
  assert.deepEqual(bench.committed, [first, second])
  assert.deepEqual(
    bench.sealed.map(({ sequence }) => sequence),
    [10, 11],
  )
})

test('listeners of a commit are told once, when it is finished', () => {
  const bench = new Bench(1)
  const commit = bench.change()
  let count = 0
  commit.addListener({ onCommitFinished: () => count++ })
  bench.endTurn()
  assert.equal(count, 0)
  bench.scheduler.finish(commit)
  assert.equal(count, 1)
  assert.equal(commit.state, 'finished')
})

test('whenDurable waits for what happened before it and for nothing later', () => {
  const bench = new Bench(1)
  const told: string[] = []
  bench.scheduler.whenDurable(() => told.push('nothing to wait for'))
  assert.deepEqual(told, ['nothing to wait for'])
  const first = bench.change()
  bench.scheduler.whenDurable(() => told.push('first'))
  bench.endTurn()
  const second = bench.change()
  bench.scheduler.whenDurable(() => told.push('second'))
  bench.scheduler.finish(first)
  assert.deepEqual(told, ['nothing to wait for', 'first'])
  bench.endTurn()
  bench.scheduler.finish(second)
  assert.deepEqual(told, ['nothing to wait for', 'first', 'second'])
})

test('commits finish in the order in which they were committed', () => {
  const bench = new Bench(2)
  const first = bench.change()
  bench.endTurn()
  const second = bench.change()
  const told: string[] = []
  bench.scheduler.whenDurable(() => told.push('second'))
  bench.endTurn()
  failsAssertion(() => bench.scheduler.finish(second), /commit 11 finishes before an earlier one/)
  bench.scheduler.finish(first)
  assert.deepEqual(told, [])
  bench.scheduler.finish(second)
  assert.deepEqual(told, ['second'])
})

test('atoms do not nest, and what has to be within one is', () => {
  const { scheduler } = new Bench(1)
  failsAssertion(() => scheduler.endAtom(), /an atom ends that was not begun/)
  failsAssertion(() => scheduler.atom, /what has to be within an atom is not/)
  scheduler.beginAtom()
  failsAssertion(() => scheduler.beginAtom(), /an atom begins while another one is open/)
})

test('an atom that was left by what was thrown inside it is never committed', () => {
  const bench = new Bench(1)
  bench.change()
  const commit = bench.scheduler.beginAtom()
  commit.topology.push({ sequence: 2, bytes: Buffer.alloc(0) })
  for (let count = 0; count < 2; count++) {
    bench.scheduler.schedule()
    failsAssertion(() => bench.endTurn(), /an atom is still open at its commit/)
  }
  assert.deepEqual(bench.committed, [])
})
