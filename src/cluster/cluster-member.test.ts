import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger, type Logger } from '../lib/logger.ts'
import { ownershipLimits } from '../limits/postgres.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import type { CellRow, Incarnation, NodeRow } from '../log/cluster/ownership/observation.ts'
import type { Look, Vacancy } from '../log/cluster/ownership/takeover.ts'
import { MemoryCells } from '../testing/memory-cells.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { ClusterMember } from './cluster-member.ts'

const { heartbeatMs, ownLimitMs, timeToLiveMs } = ownershipLimits
const cell = 0

/** A database with one cell and the nodes that there are, and what a member does about it. */
class Database {
  readonly clock = new VirtualClock()
  readonly told: string[] = []
  readonly losses: string[] = []
  isAway = false
  isDown = false
  owner: Incarnation | undefined
  epoch = 0
  beatCount = 0
  readonly #heartbeats: number[] = []
  readonly #incarnations: number[] = []
  readonly #draining = new Set<number>()
  readonly #cells = new MemoryCells({ clock: this.clock, random: seededRandom(1) })

  member(node: number): ClusterMember {
    const incarnation = (this.#incarnations[node] ?? 0) + 1
    this.#incarnations[node] = incarnation
    const tell = (...line: readonly unknown[]): void => void this.told.push(String(line.at(-1)))
    const logger: Logger = { ...silentLogger, info: tell, warn: tell, error: tell }
    return new ClusterMember({
      tables: {
        beat: (self) => this.#beat(self),
        claimCell: (vacancy, self) => Promise.resolve(this.#claim(vacancy, self)),
        drain: ({ node }) => {
          this.#draining.add(node)
          return Promise.resolve()
        },
        releaseCell: (_cell, epoch) => {
          if (epoch === this.epoch) this.owner = undefined
          return Promise.resolve()
        },
        close: () => undefined,
      },
      self: { node, incarnation },
      name: `n${node}`,
      clock: this.clock,
      logger,
      onLost: (error) => this.losses.push(error.message),
    })
  }

  /** What a timer begins gets its answers before the next one. */
  async pass(ms: number): Promise<void> {
    const { clock } = this
    const end = clock.monotonic() + ms
    while (clock.nextDueMs <= end) {
      clock.nextTimer()
      await new Promise(setImmediate)
      clock.endTurn()
      await new Promise(setImmediate)
    }
    clock.pass(end - clock.monotonic())
  }

  async #beat({ node, incarnation }: Incarnation): Promise<Look | undefined> {
    const sentAt = this.clock.monotonic()
    await Promise.resolve()
    if (this.isAway) throw new Error('no answer')
    if (this.#incarnations[node] !== incarnation) return undefined
    this.beatCount++
    this.#heartbeats[node] = (this.#heartbeats[node] ?? 0) + 1
    const nodes = this.#heartbeats.map((_, each) => this.#rowOf(each))
    const { epoch, owner } = this
    const cells: CellRow[] = [{ cell, epoch, owner, isDown: this.isDown }]
    return { observation: { nodes, cells }, sentAt, seenAt: this.clock.monotonic() }
  }

  #claim({ epoch, witness }: Vacancy, self: Incarnation): CellTable | undefined {
    if (epoch !== this.epoch) return undefined
    if (witness && this.#heartbeats[witness.node] !== witness.heartbeat) return undefined
    this.epoch++
    this.owner = self
    return this.#cells.claim(cell)
  }

  #rowOf(node: number): NodeRow {
    const [incarnation, heartbeat] = [this.#incarnations[node] ?? 1, this.#heartbeats[node] ?? 0]
    const isDraining = this.#draining.has(node)
    return { node, incarnation, heartbeat, name: '', isDraining, address: '', info: '' }
  }
}

test('a member takes a free cell; another one waits until that one is gone', async () => {
  const database = new Database()
  const first = database.member(0)
  const owned = first.own(cell)
  await database.pass(2 * heartbeatMs)
  assert.equal((await owned).epoch, 1)
  const second = database.member(1)
  let isOwner = false
  const taken = second.own(cell).then(() => (isOwner = true))
  await database.pass(3 * timeToLiveMs)
  assert.equal(isOwner, false)
  await first.close()
  await database.pass(2 * heartbeatMs)
  assert.equal(await taken, true)
  await second.close()
  assert.deepEqual([database.owner, database.losses], [undefined, []])
})

test('a member whose cell has another owner ends, once, and beats no more', async () => {
  const database = new Database()
  const member = database.member(0)
  const owned = member.own(cell)
  await database.pass(2 * heartbeatMs)
  await owned
  database.epoch++
  database.owner = { node: 1, incarnation: 1 }
  await database.pass(2 * heartbeatMs)
  assert.equal(database.losses.length, 1)
  assert.match(database.losses[0] ?? '', /cell 0 has another owner/)
  const { beatCount } = database
  await database.pass(5 * heartbeatMs)
  assert.equal(database.beatCount, beatCount)
  assert.equal(database.losses.length, 1)
  await member.close()
  // What it no longer has it does not release.
  assert.deepEqual(database.owner, { node: 1, incarnation: 1 })
})

test('a member that waits hears that another process has its name', async () => {
  const database = new Database()
  const owner = database.member(0)
  const owned = owner.own(cell)
  await database.pass(2 * heartbeatMs)
  await owned
  const waiting = database.member(1)
  const refused = assert.rejects(waiting.own(cell), /another process has the node name "n1"/)
  const successor = database.member(1)
  await database.pass(2 * heartbeatMs)
  await refused
  for (const member of [waiting, successor, owner]) await member.close()
})

test('a member says when PostgreSQL is away for too long, and when it is back', async () => {
  const database = new Database()
  const member = database.member(0)
  const owned = member.own(cell)
  await database.pass(2 * heartbeatMs)
  await owned
  database.isAway = true
  await database.pass(2 * timeToLiveMs)
  database.isAway = false
  await database.pass(2 * heartbeatMs)
  assert.deepEqual(
    database.told.filter((text) => !text.includes('trying again')),
    [
      'PostgreSQL does not answer: nothing is delivered, confirmed or answered until it does',
      'PostgreSQL answers again, and the cell is still ours',
    ],
  )
  assert.deepEqual(database.losses, [])
  await member.close()
})

test('its gate is open for as long as its heartbeats count, and those count from when they were sent', async () => {
  const database = new Database()
  const member = database.member(0)
  const { gate } = member
  assert.equal(gate.isOpen, false)
  const owned = member.own(cell)
  await database.pass(2 * heartbeatMs)
  await owned
  assert.equal(gate.isOpen, true)
  // The process stands still while a heartbeat is under way: its answer is old news.
  database.clock.nextTimer()
  database.clock.pass(ownLimitMs)
  assert.equal(gate.isOpen, false)
  await new Promise(setImmediate)
  database.clock.endTurn()
  database.isAway = true
  database.clock.pass(ownLimitMs)
  await database.pass(ownLimitMs)
  assert.equal(gate.isOpen, false)
  let isTold = false
  gate.wait({ onGateOpened: () => (isTold = true), onGateLost: () => assert.fail() })
  database.isAway = false
  await database.pass(2 * heartbeatMs)
  assert.deepEqual([gate.isOpen, isTold], [true, true])
  await member.close()
})

test('its gate never opens again once the cell is another node’s', async () => {
  const database = new Database()
  const member = database.member(0)
  const owned = member.own(cell)
  await database.pass(2 * heartbeatMs)
  await owned
  database.clock.pass(2 * timeToLiveMs)
  let isLost = false
  assert.equal(member.gate.isOpen, false)
  member.gate.wait({ onGateOpened: () => assert.fail(), onGateLost: () => (isLost = true) })
  database.epoch++
  database.owner = { node: 1, incarnation: 1 }
  await database.pass(2 * heartbeatMs)
  assert.deepEqual([isLost, member.gate.isOpen, database.losses.length], [true, false, 1])
  await member.close()
})

test('a cell that is down is nobody’s until it is opened again, and that is said', async () => {
  const database = new Database()
  database.isDown = true
  const member = database.member(0)
  let isOwned = false
  void member.own(cell).then(() => (isOwned = true))
  await database.pass(3 * timeToLiveMs)
  assert.equal(isOwned, false)
  assert.ok(database.told.some((line) => /cell 0 is down: .*pabal cluster reopen/.test(line)))
  database.isDown = false
  await database.pass(3 * heartbeatMs)
  assert.equal(isOwned, true)
  await member.close()
})
