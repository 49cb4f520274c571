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

interface MemberUnderTest {
  readonly member: ClusterMember
  /** What became of the cell there. */
  readonly events: readonly string[]
}

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
  /** Releases that it does not hear. */
  unheardReleases = 0
  failures = 0
  readonly #heartbeats: number[] = []
  readonly #incarnations: number[] = []
  readonly #draining = new Set<number>()
  /** What nodes say of themselves. */
  readonly infos: string[] = []
  readonly #cells = new MemoryCells({ clock: this.clock, random: seededRandom(1) })

  member(node: number): MemberUnderTest {
    const incarnation = (this.#incarnations[node] ?? 0) + 1
    this.#incarnations[node] = incarnation
    const tell = (...line: readonly unknown[]): void => void this.told.push(String(line.at(-1)))
    const logger: Logger = { ...silentLogger, info: tell, warn: tell, error: tell }
    const events: string[] = []
    const member = new ClusterMember({
      tables: {
        beat: (self) => this.#beat(self),
        claimCell: (vacancy, self) => Promise.resolve(this.#claim(vacancy, self)),
        drain: ({ node }) => {
          this.#draining.add(node)
          return Promise.resolve()
        },
        releaseCell: (_cell, epoch) => {
          if (this.unheardReleases-- > 0) return Promise.reject(new Error('connection lost'))
          if (epoch === this.epoch) this.owner = undefined
          return Promise.resolve()
        },
        failCell: (_cell, epoch) => {
          if (epoch === this.epoch) this.owner = undefined
          this.failures++
          return Promise.resolve()
        },
      },
      self: { node, incarnation },
      name: `n${node}`,
      clock: this.clock,
      logger,
      cells: {
        onOwned: (_cell, table) => void events.push(`owned ${table.epoch}`),
        onLost: () => void events.push('lost'),
        onRelease: () => {
          events.push('released')
          return Promise.resolve()
        },
      },
      onSeen: () => undefined,
      onLost: (error) => this.losses.push(error.message),
    })
    void member.start()
    return { member, events }
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
    const observation = { nodes, cells }
    return { observation, sharedVersion: 1, sentAt, seenAt: this.clock.monotonic() }
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
    const info = this.infos[node] ?? ''
    return { node, incarnation, heartbeat, name: '', isDraining, address: '', info }
  }
}

test('a cell is served by one, and by another once that one has stopped', async () => {
  const database = new Database()
  const first = database.member(0)
  await database.pass(2 * heartbeatMs)
  const second = database.member(1)
  await database.pass(3 * timeToLiveMs)
  assert.deepEqual([first.events, second.events], [['owned 1'], []])
  const stopped = first.member.stop()
  await database.pass(2 * heartbeatMs)
  await stopped
  assert.deepEqual([first.events, second.events], [['owned 1', 'released'], ['owned 2']])
  for (const { member } of [first, second]) {
    await member.stop()
    await member.close()
  }
  assert.deepEqual([database.owner, database.losses], [undefined, []])
})

test('a node whose cell was taken serves it no more, and goes on as a node', async () => {
  const database = new Database()
  const { member, events } = database.member(0)
  await database.pass(2 * heartbeatMs)
  const other = database.member(1)
  database.epoch++
  database.owner = { node: 1, incarnation: 1 }
  await database.pass(2 * heartbeatMs)
  assert.deepEqual(events, ['owned 1', 'lost'])
  const { beatCount } = database
  await database.pass(5 * heartbeatMs)
  assert.ok(database.beatCount >= beatCount + 8)
  await member.stop()
  await member.close()
  await other.member.close()
  // What it no longer has it does not release.
  assert.deepEqual(database.owner, { node: 1, incarnation: 1 })
})

test('of two processes with one name the later one counts', async () => {
  const database = new Database()
  const first = database.member(0)
  await database.pass(2 * heartbeatMs)
  const successor = database.member(0)
  await database.pass(2 * heartbeatMs)
  assert.match(database.losses[0] ?? '', /another process has the node name "n0"/)
  assert.equal(database.losses.length, 1)
  assert.deepEqual(successor.events, ['owned 2'])
  const { beatCount } = database
  await database.pass(5 * heartbeatMs)
  // Of the successor alone.
  assert.ok(database.beatCount <= beatCount + 6)
  for (const { member } of [first, successor]) await member.close()
})

test('a database that is away for a while costs nothing', async () => {
  const database = new Database()
  const { member, events } = database.member(0)
  await database.pass(2 * heartbeatMs)
  assert.equal(member.gate.isOpen, true)
  database.isAway = true
  await database.pass(2 * timeToLiveMs)
  assert.equal(member.gate.isOpen, false)
  database.isAway = false
  await database.pass(2 * heartbeatMs)
  assert.deepEqual(
    database.told.filter((text) => !text.includes('trying again')),
    [
      'PostgreSQL does not answer: nothing is delivered, confirmed or answered until it does',
      'PostgreSQL answers again, and the cells are still ours',
    ],
  )
  assert.deepEqual([events, database.losses], [['owned 1'], []])
  await member.close()
})

test('its gate is open for as long as its heartbeats count, and those count from when they were sent', async () => {
  const database = new Database()
  const { member } = database.member(0)
  const { gate } = member
  assert.equal(gate.isOpen, false)
  await database.pass(2 * heartbeatMs)
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

test('a cell that is another node’s is given up before its gate opens again', async () => {
  const database = new Database()
  const { member, events } = database.member(0)
  await database.pass(2 * heartbeatMs)
  database.clock.pass(2 * timeToLiveMs)
  assert.equal(member.gate.isOpen, false)
  let before: readonly string[] = []
  member.gate.wait({ onGateOpened: () => (before = [...events]), onGateLost: () => assert.fail() })
  const other = database.member(1)
  database.epoch++
  database.owner = { node: 1, incarnation: 1 }
  await database.pass(2 * heartbeatMs)
  assert.deepEqual(before, ['owned 1', 'lost'])
  for (const each of [member, other.member]) await each.close()
})

test('its gate never opens again once another process has its name', async () => {
  const database = new Database()
  const { member } = database.member(0)
  await database.pass(2 * heartbeatMs)
  database.clock.pass(2 * timeToLiveMs)
  let isLost = false
  assert.equal(member.gate.isOpen, false)
  member.gate.wait({ onGateOpened: () => assert.fail(), onGateLost: () => (isLost = true) })
  const successor = database.member(0)
  await database.pass(2 * heartbeatMs)
  assert.deepEqual([isLost, member.gate.isOpen, database.losses.length], [true, false, 1])
  for (const each of [member, successor.member]) await each.close()
})

test('a cell that is down is taken when it may be again', async () => {
  const database = new Database()
  database.isDown = true
  const { member, events } = database.member(0)
  await database.pass(3 * timeToLiveMs)
  assert.deepEqual(events, [])
  database.isDown = false
  await database.pass(3 * heartbeatMs)
  assert.deepEqual(events, ['owned 1'])
  await member.close()
})

test('a cell that is down is said once, every ten minutes, and anew when it has been open', async () => {
  const database = new Database()
  const { member } = database.member(0)
  database.isDown = true
  await database.pass(9 * 60_000)
  const isDown = /^cell 0 is down: its owners crashed/
  const count = (): number => database.told.filter((line) => isDown.test(line)).length
  assert.equal(count(), 1)
  await database.pass(2 * 60_000)
  assert.equal(count(), 2)
  for (const isAgain of [false, true]) {
    database.isDown = isAgain
    await database.pass(2 * heartbeatMs)
  }
  assert.equal(count(), 3)
  assert.ok(database.told.includes('cell 0 is down no more'))
  await member.close()
})

test('a cell that cannot be served here is given back as failed, and may come again', async () => {
  const database = new Database()
  const { member, events } = database.member(0)
  await database.pass(2 * heartbeatMs)
  await member.fail(cell)
  assert.equal(database.failures, 1)
  await database.pass(2 * heartbeatMs)
  assert.deepEqual(events, ['owned 1', 'owned 2'])
  await member.close()
})

test('many who find at the same moment that they know old things make it look once', async () => {
  const database = new Database()
  const { member } = database.member(0)
  await database.pass(2 * heartbeatMs)
  const { beatCount } = database
  for (let count = 0; count < 100; count++) void member.lookNow()
  await new Promise(setImmediate)
  database.clock.endTurn()
  await new Promise(setImmediate)
  assert.equal(database.beatCount, beatCount + 1)
  await member.close()
})

test('a release that the database has not heard is told again, as nobody takes the cell of a node that lives', async () => {
  const database = new Database()
  database.unheardReleases = 2
  const less = database.member(0)
  await database.pass(2 * heartbeatMs)
  assert.deepEqual([less.events, database.told], [['owned 1'], []], 'nobody has one')
  database.infos[1] = JSON.stringify({ addresses: { kafka: { host: 'n1', port: 9092 } } })
  const other = database.member(1)
  await database.pass(8 * heartbeatMs)
  assert.deepEqual([less.events, other.events], [['owned 1', 'released'], ['owned 2']])
  for (const { member } of [less, other]) {
    await member.stop()
    await member.close()
  }
})

test('a node without a Kafka port takes no cell beside one that has it, and says so once', async () => {
  const database = new Database()
  const less = database.member(0)
  await database.pass(2 * heartbeatMs)
  assert.deepEqual([less.events, database.told], [['owned 1'], []], 'nobody has one')
  database.infos[1] = JSON.stringify({ addresses: { kafka: { host: 'n1', port: 9092 } } })
  const other = database.member(1)
  await database.pass(5 * heartbeatMs)
  assert.deepEqual([less.events, other.events], [['owned 1', 'released'], ['owned 2']])
  assert.equal(database.told.length, 1)
  assert.match(database.told[0] ?? '', /this node takes no cells: .*Kafka port/)
  await other.member.stop()
  await other.member.close()
  await database.pass(3 * heartbeatMs)
  assert.deepEqual(less.events, ['owned 1', 'released', 'owned 3'])
  assert.match(database.told.at(-1) ?? '', /this node takes cells again/)
  await less.member.close()
})

test('a node that is drained does not say that it lacks a Kafka port', async () => {
  const database = new Database()
  const members = [0, 1].map((node) => {
    database.infos[node] = JSON.stringify({
      addresses: { kafka: { host: `n${node}`, port: 9092 } },
    })
    return database.member(node)
  })
  await database.pass(2 * heartbeatMs)
  await members[0]?.member.stop()
  await database.pass(5 * heartbeatMs)
  assert.deepEqual(members[1]?.events, ['owned 2'])
  assert.deepEqual(database.told, [])
  for (const { member } of members) await member.close()
})
