// A share group over two cells: the home has the group and the queue of its dead letters, the other cell leads the
// partitions. Members take, accept, release and reject records while power fails at both and the network between them
// loses, delays and repeats what is said. Every record ends as accepted or in the queue of dead letters, once.
import assert from 'node:assert/strict'
import { acknowledge, acknowledgeType } from '../../src/broker/share/acknowledge.ts'
import type { SharePartition } from '../../src/broker/share/share-partition.ts'
import { shareSettingsOf } from '../../src/broker/share/share-settings.ts'
import { cellOfPartition } from '../../src/broker/topic/cell-of-partition.ts'
import { whenDurable } from '../../src/broker/when-durable.ts'
import type { Random } from '../../src/lib/random.ts'
import { readHeaders } from '../../src/record/message/content-header.ts'
import { table } from '../../src/record/message/field-table.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { FaultDisk } from '../../src/testing/fault-disk.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'
import { ShareCell } from './share-cell.ts'
import { ShareNetwork } from './share-network.ts'

const groupId = 'g'
const [home, leader] = [0, 1]
const partitionCount = 4
const lockMs = 5000
const settings = {
  'share.auto.offset.reset': 'earliest',
  'share.delivery.count.limit': '3',
  'share.record.lock.duration.ms': `${lockMs}`,
  'pabal.share.dead.letter.routing.key': 'graves',
}

interface Known {
  /** A member has accepted it, and perhaps was not told. */
  wasAccepted: boolean
  /** A member was told that its accept, or its reject, counts. */
  told: 'accepted' | 'dead' | undefined
}

export class ShareWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: Random
  readonly network: ShareNetwork
  /** By partition and offset, of those that were produced for certain. */
  readonly known: Map<string, Known> = new Map()
  readonly #disks: FaultDisk[] = [new FaultDisk(this.clock), new FaultDisk(this.clock)]
  readonly #cells: (ShareCell | undefined)[] = [undefined, undefined]
  #starts = 0
  #topicId = ''
  #numbers: readonly number[] = []

  constructor(seed: number) {
    this.random = seededRandom(seed)
    const find = (cell: number): ShareCell | undefined => this.#cells[cell]
    this.network = new ShareNetwork({ clock: this.clock, random: this.random, find })
  }

  async open(): Promise<void> {
    await this.start(home)
    await this.start(leader)
    const { broker, topics } = this.cell(home)
    const { topic, ticket } = topics.create({
      name: 't',
      partitionCount,
      configs: {},
      isProvisional: false,
      spread: 2,
    })
    const rest = { durable: true, exclusive: false, autoDelete: false, arguments: table({}) }
    const vhost = broker.getVHost('/')
    const declared = broker.declareQueue(vhost, { name: 'graves', ...rest, connection: this })
    const { topicId } = topic
    this.#topicId = topicId
    this.#numbers = topic.partitions.flatMap((_, number) =>
      cellOfPartition(topicId, number, 2) === leader ? [number] : [],
    )
    const part = this.cell(leader).topics.createPart({
      name: 't',
      topicId,
      spread: 2,
      numbers: this.#numbers,
      configs: {},
    })
    const tickets = [ticket, declared.ticket, part.ticket]
    for (const number of [home, leader]) {
      tickets.push(this.cell(number).broker.settings.put('group', groupId, settings))
    }
    await this.pump(Promise.all(tickets.map(whenDurable)))
    await this.join()
  }

  cell(number: number): ShareCell {
    const cell = this.#cells[number]
    assert.ok(cell, `cell ${number} is down`)
    return cell
  }

  async start(number: number): Promise<void> {
    if (this.#cells[number] !== undefined) return
    const disk = this.#disks[number] as FaultDisk
    const elsewhere = (from: ShareCell): ReturnType<ShareNetwork['elsewhere']> =>
      this.network.elsewhere(from)
    const seed = 1000 * number + this.#starts++
    const starting = ShareCell.start({ number, disk, clock: this.clock, elsewhere, seed })
    this.#cells[number] = await this.pump(starting)
  }

  stop(number: number): void {
    const cell = this.#cells[number]
    if (cell === undefined) return
    cell.die()
    const disk = this.#disks[number] as FaultDisk
    this.#disks[number] = this.random.below(2) === 0 ? disk.crash(this.random) : disk.kill()
    this.#cells[number] = undefined
  }

  /** A member has its assignment: all partitions are open, unless a leader could not be asked. */
  async join(): Promise<void> {
    const rest = { clientId: '', clientHost: '', rackId: undefined, subscribed: ['t'] }
    const beat = { groupId, memberId: 'm', memberEpoch: 0, ...rest }
    await this.pump(this.cell(home).shareGroups.heartbeat(beat))
  }

  share(partition: number): SharePartition | undefined {
    return this.#cells[leader]?.shareGroups.findShare(groupId, this.#topicId, partition)
  }

  async produce(): Promise<void> {
    const number = this.#anyPartition()
    const partition = this.#cells[leader]?.topics.findById(this.#topicId)?.led(number)
    if (partition === undefined) return
    const timestamp = this.clock.now()
    const values = Array.from({ length: 1 + this.random.below(3) }, (_, at) => {
      return { value: `${at}`, timestamp }
    })
    const produced = partition.produce(batchOfRecords(values))
    assert.ok(produced !== 'large')
    await this.#pumpUnlessDead(whenDurable(produced.ticket))
    if (this.#cells[leader] === undefined) return
    for (let at = 0; at < values.length; at++) {
      const key = `${number}/${produced.baseOffset + at}`
      this.known.set(key, { wasAccepted: false, told: undefined })
    }
  }

  /** Returns whether it got any. */
  async take(number: number = this.#anyPartition()): Promise<boolean> {
    const share = this.share(number)
    if (share === undefined) return false
    const { highWatermark, log, store } = share.partition
    const from = share.nextAvailable(highWatermark)
    if (from < 0) return false
    const runs = await this.#pumpUnlessDead(Promise.resolve(store.readRuns(log, from, 1e6)))
    if (runs === undefined) return false
    const spans = runs.map(({ baseOffset: first, lastOffset: last }) => {
      return { first, last, isHidden: false }
    })
    for (const run of runs) run.release()
    const asked = { memberId: 'm', recordsMax: 5, isStrict: true, batchSize: 10 }
    const ranges = share.acquire({ from, spans }, asked)
    for (const { first, last } of ranges) {
      for (let offset = first; offset <= last; offset++) {
        const { told } = this.known.get(`${number}/${offset}`) ?? {}
        assert.equal(told, undefined, `${number}/${offset} is ${told}, and is there again`)
      }
    }
    return ranges.length > 0
  }

  async settle(type: number, number: number = this.#anyPartition()): Promise<void> {
    const share = this.share(number)
    const held = share?.acquired.offsets('m').toSorted((a, b) => a - b) ?? []
    const offset = held[this.random.below(Math.max(1, held.length))]
    if (share === undefined || offset === undefined) return
    const { broker } = this.cell(leader)
    const batches = [{ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [type] }]
    const asked = { memberId: 'm', batches, knowsRenew: true }
    const how = { store: broker.store, settings: shareSettingsOf(broker, groupId) }
    const result = acknowledge(share, asked, how)
    assert.equal(result.error, undefined)
    if (result.error !== undefined) return
    const it = this.known.get(`${number}/${offset}`)
    if (it !== undefined && type === acknowledgeType.accept) it.wasAccepted = true
    const moved = (): Promise<void> => new Promise((resolve) => share.whenDeadMoved(resolve))
    await this.#pumpUnlessDead(whenDurable(result.ticket))
    if (result.hasDead) await this.#pumpUnlessDead(moved())
    if (it === undefined || share.isClosed) return
    if (type === acknowledgeType.accept) it.told = 'accepted'
    if (result.hasDead) it.told = 'dead'
  }

  async step(): Promise<void> {
    const { accept, release, reject } = acknowledgeType
    const choice = this.random.below(22)
    if (choice < 4) await this.produce()
    else if (choice < 10) await this.take()
    else if (choice < 13) await this.settle(accept)
    else if (choice < 15) await this.settle(release)
    else if (choice < 18) await this.settle(reject)
    else if (choice < 20) await this.pass(this.random.below(lockMs))
    else if (choice === 20) this.stop(leader)
    else this.stop(home)
    for (const number of [home, leader]) {
      if (this.#cells[number] === undefined && this.random.below(3) === 0) await this.start(number)
    }
  }

  /** Everything that is left is accepted, and what has died is where it belongs. */
  async end(): Promise<void> {
    this.network.isCalm = true
    for (const number of [home, leader]) await this.start(number)
    await this.pass(2 * lockMs)
    for (let idle = 0; idle < 3 * partitionCount;) {
      const number = this.#numbers[idle % this.#numbers.length] as number
      idle = (await this.take(number)) ? 0 : idle + 1
      for (let count = 0; count < 5; count++) await this.settle(acknowledgeType.accept, number)
    }
    await this.until(() => this.#numbers.every((number) => this.share(number)?.dyingCount === 0))
    const dead = await this.#graves()
    assert.equal(new Set(dead).size, dead.length, `some died twice: ${dead.toSorted().join(' ')}`)
    const isDead = new Set(dead)
    for (const [where, { wasAccepted, told }] of this.known) {
      assert.ok(wasAccepted || isDead.has(where), `${where} is lost`)
      if (told === 'accepted') assert.ok(!isDead.has(where), `${where} was accepted and is dead`)
      if (told === 'dead') assert.ok(isDead.has(where), `${where} died and is nowhere`)
    }
    for (const number of this.#numbers) {
      const { startOffset, partition, inFlightCount } = this.share(number)!
      assert.deepEqual([startOffset, inFlightCount], [partition.highWatermark, 0])
    }
    for (const number of [home, leader]) this.stop(number)
  }

  async pass(ms: number): Promise<void> {
    const step = ms > 1000 ? 20 : 1
    for (let passed = 0; passed < ms; passed += step) {
      for (let turn = 0; turn < 10; turn++) {
        this.clock.endTurn()
        await Promise.resolve()
      }
      await new Promise((resolve) => setImmediate(resolve))
      this.clock.advance(step)
    }
  }

  async until(condition: () => boolean, msMax = 60_000): Promise<void> {
    for (let ms = 0; !condition(); ms++) {
      assert.ok(ms < msMax, 'it never came')
      await this.pass(1)
    }
  }

  async pump<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false }
    const done = work.finally(() => (state.isDone = true))
    done.catch(() => undefined)
    await this.until(() => state.isDone)
    return done
  }

  /** Power may fail at the leader meanwhile: then nobody is told anything. */
  async #pumpUnlessDead<T>(work: Promise<T>): Promise<T | undefined> {
    const cell = this.#cells[leader]
    const state: { result?: T; isDone: boolean } = { isDone: false }
    void work.then((result) => {
      state.result = result
      state.isDone = true
    })
    const mayFail = !this.network.isCalm && this.random.below(12) === 0
    let msLeft = mayFail ? this.random.below(4) : Infinity
    await this.until(() => {
      if (state.isDone) return true
      if (msLeft-- > 0) return false
      this.stop(leader)
      return true
    })
    return this.#cells[leader] === cell ? state.result : undefined
  }

  #anyPartition(): number {
    return this.#numbers[this.random.below(this.#numbers.length)] as number
  }

  /** Where the dead letters were, as their headers say. */
  async #graves(): Promise<string[]> {
    const queue = this.cell(home).broker.getVHost('/').findQueue('graves')
    assert.ok(queue?.kind === 'queue')
    const view = new RecordView()
    const found: string[] = []
    for (;;) {
      const result = queue.take(view, true)
      if (result === 'wait') {
        await this.pass(1)
        continue
      }
      if (result !== 'record') return found
      const headers = readHeaders(view.buffer, view.headerStart, view.headerEnd)
      const facts = ['partition', 'offset'].map((name) => headers?.findText(`__dlq.errors.${name}`))
      found.push(facts.join('/'))
      queue.drop(view.offset)
    }
  }
}

export async function liveShares(seed: number, stepCount: number): Promise<void> {
  const world = new ShareWorld(seed)
  await world.open()
  world.network.isCalm = false
  for (let step = 0; step < stepCount; step++) await world.step()
  await world.end()
}
