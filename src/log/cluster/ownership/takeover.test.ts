import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lease } from './lease.ts'
import type { CellRow, NodeRow, Observation } from './observation.ts'
import { Takeover } from './takeover.ts'

const self = { node: 1, incarnation: 4 }
const none: ReadonlyMap<number, number> = new Map()

function node(id: number, heartbeat: number, incarnation = 1): NodeRow {
  return {
    node: id,
    name: `n${id}`,
    incarnation,
    heartbeat,
    isDraining: false,
    address: '',
    info: '',
  }
}

function cell(id: number, owner?: number, more: Partial<CellRow> = {}): CellRow {
  const by = owner === undefined ? undefined : { node: owner, incarnation: 1 }
  return { cell: id, epoch: 7, owner: by, isDown: false, ...more }
}

/** A look each second, in which other nodes have the heartbeat that `beats` says. */
function watch(
  seconds: number,
  beats: (second: number) => Observation,
): ReturnType<Takeover['look']> {
  const takeover = new Takeover(self)
  let found: ReturnType<Takeover['look']> | undefined
  for (let second = 0; second <= seconds; second += 1) {
    const sentAt = second * 1000
    found = takeover.look({ observation: beats(second), sentAt, seenAt: sentAt + 10 }, none)
  }
  assert.ok(found)
  return found
}

test('a cell without an owner is vacant at once, one that is down never', () => {
  const observation = {
    nodes: [node(1, 0)],
    cells: [cell(0), cell(1, undefined, { isDown: true })],
  }
  const { vacancies } = watch(20, () => observation)
  assert.deepEqual(vacancies, [{ cell: 0, epoch: 7, reason: 'free', witness: undefined }])
})

test('a node whose heartbeat stands still loses its cells after the time to live, not before', () => {
  const still = (): Observation => ({ nodes: [node(1, 0), node(2, 5)], cells: [cell(0, 2)] })
  assert.deepEqual(watch(5, still).vacancies, [])
  assert.equal(watch(5, still).living.length, 2)
  const found = watch(6, still)
  assert.deepEqual(found.vacancies, [{ cell: 0, epoch: 7, reason: 'crashed', witness: node(2, 5) }])
  assert.deepEqual(
    found.living.map((row) => row.node),
    [1],
  )
})

test('a node that sends heartbeats keeps its cells, also with a heartbeat that went back', () => {
  const alive = (second: number): Observation => ({
    nodes: [node(2, second === 5 ? 1 : 10 + Math.floor(second / 3))],
    cells: [cell(0, 2)],
  })
  for (let seconds = 0; seconds < 30; seconds += 1) {
    assert.deepEqual(watch(seconds, alive).vacancies, [], `after ${seconds} s`)
  }
})

test('a node that starts anew is alive, and may take back what it had', () => {
  const restarted = (second: number): Observation => ({
    nodes: [node(2, 5, second < 4 ? 1 : 2)],
    cells: [cell(0, 2)],
  })
  assert.deepEqual(watch(8, restarted).vacancies, [])
  assert.equal(watch(10, restarted).vacancies[0]?.reason, 'crashed')
})

test('an outage of PostgreSQL kills nobody: all begin anew', () => {
  const takeover = new Takeover(self)
  const observation = { nodes: [node(2, 5)], cells: [cell(0, 2)] }
  const look = (at: number): number =>
    takeover.look({ observation, sentAt: at, seenAt: at }, none).vacancies.length
  assert.equal(look(0), 0)
  assert.equal(look(1000), 0)
  assert.equal(look(60_000), 0, 'the first look after it')
  for (let at = 61_000; at < 65_000; at += 1000) assert.equal(look(at), 0)
  assert.equal(look(65_000), 1)
})

test('cells of an earlier start of this node are its own again', () => {
  const cells = [cell(0, 1), cell(1, 1, { owner: { node: 1, incarnation: 9 } })]
  const { vacancies } = watch(0, () => ({ nodes: [node(1, 0, 4)], cells }))
  assert.deepEqual(
    vacancies.map(({ cell: id, reason }) => [id, reason]),
    [[0, 'own']],
  )
})

test('a cell that this node owns without knowing is claimed anew', () => {
  const takeover = new Takeover(self)
  const cells = [cell(0, 1, { owner: self }), cell(1, 1, { owner: self })]
  const look = { observation: { nodes: [], cells }, sentAt: 0, seenAt: 0 }
  const { vacancies, lost } = takeover.look(look, new Map([[1, 7]]))
  assert.deepEqual(
    vacancies.map(({ cell: id, reason }) => [id, reason]),
    [[0, 'own']],
  )
  assert.deepEqual(lost, [])
})

test('a held cell with another epoch is lost', () => {
  const takeover = new Takeover(self)
  const look = { observation: { nodes: [node(2, 1)], cells: [cell(0, 2)] }, sentAt: 0, seenAt: 0 }
  assert.deepEqual(takeover.look(look, new Map([[0, 6]])).lost, [0])
})

test('an owner is frozen before anybody takes over, however answers are delayed', () => {
  for (const delay of [0, 400, 900]) {
    const lease = new Lease()
    const takeover = new Takeover(self)
    // The owner's last heartbeat, seen at the earliest moment.
    lease.onHeartbeat(0)
    const observation = { nodes: [node(2, 5)], cells: [cell(0, 2)] }
    for (let sentAt = 0; sentAt < 10_000; sentAt += 1000) {
      const { vacancies } = takeover.look({ observation, sentAt, seenAt: sentAt + delay }, none)
      if (vacancies.length > 0) assert.equal(lease.stateAt(sentAt), 'frozen')
    }
  }
})
