// Members of a share group take, accept, release and reject records, are silent for too long, and go, while
// power fails at any moment: every record ends as accepted or as a dead letter, once; what was answered
// counts for ever, and no two members have a record at the same time. Some records come from Kafka with headers:
// nobody gets them before their time or after it, and with priorities the highest goes first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import '../../../test/support/load-late-parts.ts'
import { openGroups } from '../../cell/open-groups.ts'
import { openShareGroups } from '../../cell/open-share-groups.ts'
import { BatchWorker } from '../../crossing/batch-worker.ts'
import { Crossing } from '../../crossing/crossing.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { Random } from '../../lib/random.ts'
import { RecordBatchBuilder, type RecordHeader } from '../../record/batch/batch-builder.ts'
import { deliveryFactsOf } from '../../record/batch/delivery-facts.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { whenDurable } from '../when-durable.ts'
import { acknowledge, acknowledgeType } from './acknowledge.ts'
import type { ShareGroups } from './share-groups.ts'
import type { SharePartition } from './share-partition.ts'
import type { ReadSpans } from './share-reading.ts'
import { shareSettingsOf } from './share-settings.ts'

const groupId = 'g'
const partitionCount = 2
const deliveriesMax = 3
const lives = 5
const stepsPerLife = 80
const lockMs = 15_000
const members = ['a', 'b', 'c']

interface Known {
  /** A member has accepted it, and perhaps was not told. */
  wasAccepted: boolean
  /** A member was told that its accept counts. */
  isAccepted: boolean
  /** A member was told that its reject counts, or the last return. */
  isDead: boolean
  /** How often it came back, as members were told. */
  returns: number
  /** Who has it in this life. */
  holder: string | undefined
  /** Somebody has had it. */
  wasTaken: boolean
  readonly times: Times
}

/** What its headers say. */
interface Times {
  readonly deliverAt: number
  readonly expiresAt: number
  readonly priority: number
}

const noTimes: Times = { deliverAt: 0, expiresAt: Infinity, priority: 0 }

class World {
  readonly disk = new DelaysOnDisk(
    new Crossing({
      worker: new BatchWorker(systemClock),
      onUndecodable: (_log, _run, error) => assert.fail(error),
    }),
  )
  /** By partition and offset. */
  readonly known: Known[][] = Array.from({ length: partitionCount }, () => [])
  readonly random: Random
  it!: DelaysUnderTest
  groups!: ShareGroups
  publishedCount = 0

  readonly priorityMax: number

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.priorityMax = seed % 2 === 1 ? 3 : 0
  }

  async start(isFirst: boolean): Promise<void> {
    this.it = await this.disk.start()
    const { broker } = this.it
    const vhost = broker.getVHost('/')
    if (isFirst) {
      this.it.queue('graves')
      const { ticket } = broker.topicsOf(vhost).create({
        name: 'orders',
        partitionCount,
        configs: {},
        isProvisional: false,
      })
      const set = broker.settings.put('group', groupId, {
        'share.auto.offset.reset': 'earliest',
        'share.delivery.count.limit': String(deliveriesMax),
        'share.record.lock.duration.ms': String(lockMs),
        'pabal.share.max.priority': String(this.priorityMax),
        'pabal.share.dead.letter.exchange': '',
        'pabal.share.dead.letter.routing.key': 'graves',
      })
      await this.disk.until(() => ticket?.isDurable !== false && set?.isDurable !== false)
    }
    const { state } = this.disk
    const groups = openGroups(broker, vhost, state)
    this.groups = openShareGroups(broker, groups, state, silentLogger)
    for (const memberId of members) {
      const rest = { clientId: '', clientHost: '', rackId: undefined, subscribed: ['orders'] }
      await this.disk.pump(this.groups.heartbeat({ groupId, memberId, memberEpoch: 0, ...rest }))
    }
    this.forgetHolders()
  }

  forgetHolders(memberId?: string): void {
    for (const records of this.known) {
      // Skips offsets that nobody knows yet.
      records.forEach((each) => {
        if (memberId === undefined || each.holder === memberId) each.holder = undefined
      })
    }
  }

  share(partition: number): SharePartition {
    const { broker } = this.it
    const topicId = broker.topicsOf(broker.getVHost('/')).find('orders')!.topicId
    return this.groups.findShare(groupId, topicId, partition)!
  }

  async publish(): Promise<void> {
    this.it.publish(`${this.publishedCount++}`, undefined, { exchange: '', key: 'orders' })
    await this.disk.until(() => this.it.isConfirmed)
  }

  /** A Kafka producer says of each record when it may be delivered, for how long, and how high it is. */
  async produce(): Promise<void> {
    const { random } = this
    const index = random.below(partitionCount)
    const { partition } = this.share(index)
    const timestamp = this.it.clock.now()
    const builder = new RecordBatchBuilder(0)
    const times: Times[] = []
    for (let offset = 0; offset < 1 + random.below(4); offset++) {
      const delayMs = random.below(2) * random.below(20_000)
      const ttlMs = random.below(3) === 0 ? random.below(30_000) : Infinity
      const priority = random.below(5)
      const deliverAt = delayMs === 0 ? 0 : timestamp + delayMs
      times.push({ deliverAt, expiresAt: Math.max(timestamp, deliverAt) + ttlMs, priority })
      const headers: RecordHeader[] = [header('pabal.priority', priority)]
      if (delayMs > 0) headers.push(header('pabal.deliver-after-ms', delayMs))
      if (ttlMs < Infinity) headers.push(header('pabal.ttl-ms', ttlMs))
      builder.append({ offset, timestamp, key: null, value: Buffer.from('v'), headers })
    }
    const produced = partition.produce(builder.finish({ compression: 'none' }))
    assert.ok(produced !== 'large')
    await this.disk.pump(whenDurable(produced.ticket))
    for (const [at, each] of times.entries()) {
      this.known[index]![produced.baseOffset + at] = newRecord(each)
    }
  }

  /** Reads as a ShareFetch does. */
  async read({ partition }: SharePartition, from: number): Promise<ReadSpans> {
    const { log, deliveries } = partition
    const runs = await this.disk.pump(
      Promise.resolve(this.it.broker.store.readRuns(log, from, 1e6)),
    )
    const spans = runs.map((run) => {
      const { baseOffset: first, lastOffset: last, isForeign } = run
      if (!isForeign || !deliveries.covers(first, last)) return { first, last, isHidden: false }
      const bounds = { from, sizeMax: 1e6, workMax: Infinity, factsMax: 1e4 }
      const { facts } = deliveryFactsOf(run.bytes(), bounds)
      const byOffset = new Map(facts.map((each) => [each.offset, each]))
      return { first, last, isHidden: false, facts: byOffset }
    })
    for (const run of runs) run.release()
    return { from, spans }
  }

  async take(memberId: string, recordsMax: number): Promise<boolean> {
    const partition = this.random.below(partitionCount)
    const share = this.share(partition)
    const { highWatermark } = share.partition
    const lookFrom = share.lookFrom(highWatermark)
    if (lookFrom >= 0) share.look(await this.read(share, lookFrom))
    const from = share.nextAvailable(highWatermark)
    if (from < 0) return false
    const asked = { memberId, recordsMax, isStrict: this.random.below(2) === 0, batchSize: 10 }
    const read = await this.read(share, from)
    const now = this.it.clock.now()
    const best = share.lookFrom(highWatermark) < 0 ? this.highestUntaken(partition, now) : 0
    const ranges = share.acquire(read, asked)
    let level = -1
    for (const { first, last, deliveryCount } of ranges) {
      for (let offset = first; offset <= last; offset++) {
        const it = (this.known[partition]![offset] ??= newRecord())
        const where = `${partition}/${offset}`
        assert.ok(!it.isAccepted, `${where} was accepted, and is there again`)
        assert.ok(!it.isDead, `${where} died, and is there again`)
        assert.equal(it.holder, undefined, `${where} is another member's`)
        assert.ok(it.times.deliverAt <= now, `${where} comes too early`)
        assert.ok(it.times.expiresAt > now, `${where} comes too late`)
        level = Math.max(level, Math.min(it.times.priority, this.priorityMax))
        it.wasTaken = true
        assert.ok(deliveryCount > it.returns, `${where} has forgotten that it came back`)
        assert.ok(deliveryCount <= deliveriesMax, `${where} comes too often`)
        it.holder = memberId
      }
    }
    if (level >= 0) assert.ok(level >= best, `${level} goes before ${best}`)
    return ranges.length > 0
  }

  /** Of the records that may be had, and that nobody has ever had. */
  highestUntaken(partition: number, now: number): number {
    const levels = this.known[partition]!.flatMap(({ wasTaken, times }) => {
      // Timers may be as late as the turn.
      const isReady = times.deliverAt < now && times.expiresAt > now
      return wasTaken || !isReady ? [] : Math.min(times.priority, this.priorityMax)
    })
    return Math.max(0, ...levels)
  }

  /** A member says what became of a record that it has, and waits for the answer, or never hears of it. */
  async settle(type: number, isAnswered = true): Promise<void> {
    const partition = this.random.below(partitionCount)
    const share = this.share(partition)
    const memberId = members[this.random.below(members.length)]!
    const held = share.acquired.offsets(memberId).toSorted((a, b) => a - b)
    const offset = held[this.random.below(Math.max(1, held.length))]
    if (offset === undefined) return
    const record = share.acquired.get(offset)!
    const batches = [{ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [type] }]
    const settings = shareSettingsOf(this.it.broker, groupId)
    const { store } = this.it.broker
    const asked = { memberId, batches, knowsRenew: true }
    const result = acknowledge(share, asked, { store, settings })
    assert.equal(result.error, undefined)
    if (result.error !== undefined) return
    const it = this.known[partition]![offset]!
    it.holder = type === acknowledgeType.renew ? memberId : undefined
    if (type === acknowledgeType.accept) it.wasAccepted = true
    if (!isAnswered) return
    const dead = (): Promise<void> => new Promise((resolve) => share.whenDeadMoved(resolve))
    await this.disk.pump(whenDurable(result.ticket))
    if (result.hasDead) await this.disk.pump(dead())
    if (type === acknowledgeType.accept) it.isAccepted = true
    if (result.hasDead) it.isDead = true
    else if (type === acknowledgeType.release) it.returns = record.deliveryCount
  }

  /** Locks of all end. */
  async passLocks(): Promise<void> {
    this.forgetHolders()
    await this.disk.advance(lockMs + 1)
  }

  leave(memberId: string): void {
    this.groups.find(groupId)!.releaseMember(memberId)
    this.forgetHolders(memberId)
  }

  async step(): Promise<void> {
    const member = members[this.random.below(members.length)]!
    const { accept, release, reject, renew } = acknowledgeType
    const choice = this.random.below(20)
    if (choice < 3) await this.publish()
    else if (choice < 5) await this.produce()
    else if (choice < 11) await this.take(member, 1 + this.random.below(5))
    else if (choice < 14) await this.settle(accept)
    else if (choice < 16) await this.settle(release)
    else if (choice < 17) await this.settle(reject)
    else if (choice < 18) await this.settle(renew)
    else if (choice < 19) this.leave(member)
    else await this.passLocks()
  }

  /** Power fails: what was not answered may have happened or not. */
  async crash(): Promise<void> {
    let operationsLeft = this.random.below(20)
    this.disk.disk.onOperation = () => (operationsLeft-- > 0 ? undefined : 'hold')
    for (let count = 0; count < 10; count++) {
      await this.settle(1 + this.random.below(3), false)
      if (count % 3 === 0) await this.disk.turn()
    }
    this.it.broker.prepareToClose()
    this.groups.close()
    this.disk.crash(this.random)
  }

  /** Everything that is left is accepted, and what has died is where it belongs. */
  async end(): Promise<void> {
    await this.passLocks()
    // The time of all has come.
    await this.disk.advance(40_000)
    for (let idle = 0; idle < 20;) {
      idle = (await this.take('a', 100)) ? 0 : idle + 1
      for (let count = 0; count < 20; count++) await this.settle(acknowledgeType.accept)
      if (idle === 10) await this.passLocks()
    }
    for (let partition = 0; partition < partitionCount; partition++) {
      await this.disk.until(() => this.share(partition).dyingCount === 0)
    }
    const graves = await this.disk.take(this.it, 0, 'graves')
    const dead = graves.map(({ headers }) => {
      const facts = ['partition', 'offset'].map((name) => {
        return headers?.findText(`__dlq.errors.${name}`)
      })
      return facts.join('/')
    })
    assert.equal(new Set(dead).size, dead.length, 'a record died twice')
    const isDead = new Set(dead)
    let count = 0
    for (let partition = 0; partition < partitionCount; partition++) {
      const share = this.share(partition)
      const end = share.partition.highWatermark
      assert.equal(share.startOffset, end, 'the group is not done with all')
      assert.equal(share.inFlightCount, 0)
      for (let offset = 0; offset < end; offset++) {
        const it = this.known[partition]![offset] ?? newRecord()
        const { wasAccepted, isAccepted, isDead: wasDead } = it
        const where = `${partition}/${offset}`
        assert.ok(wasAccepted || isDead.has(where), `${where} is lost`)
        if (isAccepted) assert.ok(!isDead.has(where), `${where} was accepted and is dead`)
        if (wasDead) assert.ok(isDead.has(where), `${where} died and is nowhere`)
        count++
      }
    }
    assert.ok(count >= this.publishedCount, 'records are missing')
    assert.deepEqual(this.groups.shared, { count: 0, heldCount: 0 })
  }
}

function newRecord(times = noTimes): Known {
  const nothing = { wasAccepted: false, isAccepted: false, isDead: false, wasTaken: false }
  return { ...nothing, returns: 0, holder: undefined, times }
}

function header(key: string, value: number): RecordHeader {
  return { key, value: Buffer.from(`${value}`) }
}

async function live(seed: number): Promise<void> {
  const world = new World(seed)
  await world.start(true)
  for (let life = 1; life < lives; life++) {
    for (let count = 0; count < stepsPerLife; count++) await world.step()
    await world.crash()
    await world.start(false)
  }
  await world.end()
}

const first = Number(process.env['SEED'] ?? 1)
const count = Number(process.env['SEEDS'] ?? 1)
for (let seed = first; seed < first + count; seed++) {
  test(`records of a share group end once, whatever happens (seed ${seed})`, () => live(seed))
}
