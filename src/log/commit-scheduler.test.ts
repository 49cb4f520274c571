import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsAssertion } from '../../test/support/fails-assertion.ts'
import type { Turn, TurnTask } from '../lib/turn.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { CommitScheduler } from './commit-scheduler.ts'
import type { Commit } from './commit.ts'
import type { Log } from './log.ts'
import type { Run } from './run.ts'
import type { Ticket } from './ticket.ts'

/** A turn that ends when the test says so, and an engine that finishes when the test says so. */
class Bench {
  readonly committed: Commit[] = []
  readonly sealed: Commit[] = []
  readonly scheduler: CommitScheduler
  #tasks: TurnTask[] = []

  constructor(commitsInFlightMax: number) {
    const turn = { schedule: (_phase: number, task: TurnTask) => this.#tasks.push(task) }
    this.scheduler = new CommitScheduler({
      clock: new VirtualClock(),
      turn: turn as unknown as Turn,
      profile: 'latency',
      write: (commit) => this.committed.push(commit),
      commitsInFlightMax,
      firstSequence: 10,
      onSeal: (commit) => this.sealed.push(commit),
    })
  }

  /** Something small happens in an atom; returns its ticket. */
  change(): Ticket {
    this.scheduler.beginAtom()
    this.scheduler.atom.addTopology({ sequence: 1, bytes: Buffer.alloc(0) })
    this.scheduler.schedule()
    return this.scheduler.endAtom() ?? assert.fail('no ticket')
  }

  /** The engine says that the oldest commit is durable. */
  finish(ticket: Ticket): void {
    this.scheduler.finish(ticket as Commit)
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
  bench.finish(first)
  bench.endTurn()
  assert.deepEqual(bench.committed, [first, second])
  assert.deepEqual(
    bench.sealed.map(({ sequence }) => sequence),
    [10, 11],
  )
})

test('whoever has a ticket is told once, when it is durable', () => {
  const bench = new Bench(1)
  const ticket = bench.change()
  let count = 0
  ticket.whenDurable(() => count++)
  bench.endTurn()
  assert.equal(count, 0)
  assert.equal(ticket.isDurable, false)
  bench.finish(ticket)
  assert.equal(count, 1)
  assert.equal(ticket.isDurable, true)
  ticket.whenDurable(() => count++)
  assert.equal(count, 2)
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
  bench.finish(first)
  assert.deepEqual(told, ['nothing to wait for', 'first'])
  bench.endTurn()
  bench.finish(second)
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
  failsAssertion(() => bench.finish(second), /commit 11 finishes before an earlier one/)
  bench.finish(first)
  assert.deepEqual(told, [])
  bench.finish(second)
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
  bench.scheduler.beginAtom()
  bench.scheduler.atom.addTopology({ sequence: 2, bytes: Buffer.alloc(0) })
  for (let count = 0; count < 2; count++) {
    bench.scheduler.schedule()
    failsAssertion(() => bench.endTurn(), /an atom is still open at its commit/)
  }
  assert.deepEqual(bench.committed, [])
})

test('an atom that changes nothing has no ticket', () => {
  const { scheduler } = new Bench(1)
  scheduler.beginAtom()
  assert.equal(scheduler.endAtom(), undefined)
})

test('everything in memory is durable before anybody is told', () => {
  const bench = new Bench(1)
  const told: string[] = []
  const log = {
    durableEnd: 0,
    closeOpenRun: () => undefined,
    watcher: { onDurable: () => told.push(`watcher, ${log.durableEnd}`) },
  }
  bench.scheduler.beginAtom()
  bench.scheduler.atom.addRun(log as unknown as Log, { lastOffset: 6 } as unknown as Run)
  bench.scheduler.schedule()
  const ticket = bench.scheduler.endAtom() as Commit
  ticket.whenDurable(() => told.push(`ticket, ${log.durableEnd}`))
  bench.endTurn()
  assert.equal(log.durableEnd, 0)
  bench.finish(ticket)
  assert.deepEqual(told, ['watcher, 7', 'ticket, 7'])
  assert.deepEqual(ticket.runs, [])
})

test('a sealed commit takes nothing more, and is durable only once sealed', () => {
  const bench = new Bench(1)
  const commit = bench.change() as Commit
  failsAssertion(() => commit.finish(), /sealed before it is durable/)
  bench.endTurn()
  failsAssertion(() => commit.grow(1), /a sealed commit takes nothing more/)
})
