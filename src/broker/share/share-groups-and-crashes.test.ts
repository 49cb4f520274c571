// Members of a share group take, accept, release and reject records, are silent for too long, and go, while
// power fails at any moment: every record ends as accepted or as a dead letter, once; what was answered
// counts for ever, and no two members have a record at the same time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { openGroups } from '../../cell/open-groups.ts'
import { openShareGroups } from '../../cell/open-share-groups.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { Random } from '../../lib/random.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { whenDurable } from '../when-durable.ts'
import { acknowledge, acknowledgeType } from './acknowledge.ts'
import type { ShareGroups } from './share-groups.ts'
import type { SharePartition } from './share-partition.ts'
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
}

class World {
  readonly disk = new DelaysOnDisk()
  /** By partition and offset. */
  readonly known: Known[][] = Array.from({ length: partitionCount }, () => [])
  readonly random: Random
  it!: DelaysUnderTest
  groups!: ShareGroups
  publishedCount = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
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
    for (const records of this.known) for (const each of records) each.holder = undefined
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

  async take(memberId: string, recordsMax: number): Promise<boolean> {
    const partition = this.random.below(partitionCount)
    const share = this.share(partition)
    const { log, highWatermark } = share.partition
    const from = share.nextAvailable(highWatermark)
    if (from < 0) return false
    const runs = await this.disk.pump(
      Promise.resolve(this.it.broker.store.readRuns(log, from, 1e6)),
    )
    const spans = runs.map((run) => {
      return { first: run.baseOffset, last: run.lastOffset, isHidden: false }
    })
    const asked = { memberId, recordsMax, isStrict: this.random.below(2) === 0, batchSize: 10 }
    const ranges = share.acquire({ from, spans }, asked)
    for (const run of runs) run.release()
    for (const { first, last, deliveryCount } of ranges) {
      for (let offset = first; offset <= last; offset++) {
        const it = (this.known[partition]![offset] ??= newRecord())
        const where = `${partition}/${offset}`
        assert.ok(!it.isAccepted, `${where} was accepted, and is there again`)
        assert.ok(!it.isDead, `${where} died, and is there again`)
        assert.equal(it.holder, undefined, `${where} is another member's`)
        assert.ok(deliveryCount > it.returns, `${where} has forgotten that it came back`)
        assert.ok(deliveryCount <= deliveriesMax, `${where} comes too often`)
        it.holder = memberId
      }
    }
    return ranges.length > 0
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
    for (const records of this.known) for (const each of records) each.holder = undefined
    await this.disk.advance(lockMs + 1)
  }

  leave(memberId: string): void {
    this.groups.find(groupId)!.releaseMember(memberId)
    for (const records of this.known) {
      for (const each of records) if (each.holder === memberId) each.holder = undefined
    }
  }

  async step(): Promise<void> {
    const member = members[this.random.below(members.length)]!
    const { accept, release, reject, renew } = acknowledgeType
    const choice = this.random.below(20)
    if (choice < 5) await this.publish()
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
    for (let idle = 0; idle < 20;) {
      idle = (await this.take('a', 100)) ? 0 : idle + 1
      for (let count = 0; count < 20; count++) await this.settle(acknowledgeType.accept)
      if (idle === 10) await this.passLocks()
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
    assert.equal(this.groups.shared.count, 0)
  }
}

function newRecord(): Known {
  return { wasAccepted: false, isAccepted: false, isDead: false, returns: 0, holder: undefined }
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
