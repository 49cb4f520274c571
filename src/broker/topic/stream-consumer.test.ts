import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { batchOf } from '../../../test/support/crossing-run.ts'
import { PageWatch } from '../../../test/support/page-watch.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { BatchWorker } from '../../crossing/batch-worker.ts'
import { Crossing } from '../../crossing/crossing.ts'
import { systemClock } from '../../lib/clock.ts'
import { type Random, systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { topicLimits } from '../../limits/topic.ts'
import { openFileLogStore } from '../../log/file/open-file-log-store.ts'
import type { LogStore, Recovered } from '../../log/log-store.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { noAccessRows } from '../../meta/access-rows.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { Broker } from '../broker.ts'
import type { Partition } from './partition.ts'
import { StreamConsumer, type StreamOptions, type StreamSink } from './stream-consumer.ts'
import type { StreamReader } from './stream-reader.ts'
import type { Topic } from './topic.ts'

interface Opened {
  readonly broker: Broker
  readonly store: LogStore
}

const crossing = new Crossing({
  worker: new BatchWorker(systemClock),
  onUndecodable: (_log, _run, error) => assert.fail(error),
})

function brokerOn(
  store: LogStore,
  turn: Turn,
  onDamaged: (error: Error) => void = (error) => assert.fail(error),
): Broker {
  return new Broker({
    store,
    turn,
    random: systemRandom,
    clock: systemClock,
    vhosts: [],
    onDamaged: (_queue, _offset, error) => onDamaged(error),
  })
}

/** Commits finish late. */
function openMemory(seed: number): Opened {
  const turn = new Turn(systemClock)
  const chaos = { random: seededRandom(seed), delayMsMax: 4 }
  const store = new MemoryLogStore({ clock: systemClock, turn, converter: crossing, chaos })
  return { store, broker: brokerOn(store, turn) }
}

/** So little memory that most reads are from the disk. */
async function openFile(disk: FaultDisk): Promise<Opened & { recovered: Recovered }> {
  const turn = new Turn(systemClock)
  const { store, recovered } = await openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn,
    durability: 'fsync',
    converter: crossing,
    random: seededRandom(1),
    limits: { walFileSizeMax: 20_000, tailCacheSizeMax: 3000, coldRunsSizeMax: 8000 },
  })
  return { store, recovered, broker: brokerOn(store, turn) }
}

function createTopic({ broker }: Opened, partitionCount: number): Topic {
  const topics = broker.topicsOf(broker.getVHost('/'))
  return topics.create({ name: 't', partitionCount, configs: {}, isProvisional: false }).topic
}

function messageOf(text: string): RecordSource {
  const body = Buffer.from(text)
  const header = encodeContentHeader(body.length, {})
  return sourceFrom({ address: encodeAddress('', 't'), header, body })
}

/** Publishes through AMQP or produces a batch, as chance decides; each record's text is its offset. */
function publishSome(store: LogStore, { log, produce }: Bound, random: Random): void {
  const count = 1 + random.below(5)
  const first = log.endOffset
  const texts = Array.from({ length: count }, (_, index) => `${first + index}`)
  if (random.next() < 0.5) {
    const timestamp = systemClock.now()
    const compression = random.next() < 0.5 ? 'gzip' : 'none'
    const records = texts.map((text, offset) => ({
      offset,
      timestamp,
      key: null,
      value: Buffer.from(text),
      headers: [],
    }))
    produce(batchOf(records, compression).bytes())
    return
  }
  store.beginAtom()
  for (const text of texts) log.append(messageOf(text), -1)
  store.endAtom()
}

type Bound = { readonly log: Partition['log']; produce(batch: Buffer): void }

const boundOf = (partition: Partition): Bound => ({
  log: partition.log,
  produce: (batch) => void partition.produce(Buffer.from(batch)),
})

/** Checks what it gets, and acks it a little later. */
class CheckingSink implements StreamSink {
  readonly offsets: number[][] = []
  cancelledCount = 0
  acksAll = true
  consumer!: StreamConsumer
  readonly #topic: Topic
  readonly #prefetch: number

  constructor(topic: Topic, prefetch: number) {
    this.#topic = topic
    this.#prefetch = prefetch
  }

  canTake(): boolean {
    return true
  }

  deliver(reader: StreamReader, { offset, body, bodyStart, bodyEnd }: RecordView): void {
    const { log } = this.#topic.partitions[reader.index] as Partition
    assert.ok(offset < log.durableEnd, 'only what is durable is seen')
    assert.equal(body.toString('utf8', bodyStart, bodyEnd), `${offset}`)
    assert.ok(this.consumer.unackedCount <= this.#prefetch, 'no more than the prefetch')
    const seen = (this.offsets[reader.index] ??= [])
    assert.ok(seen.length === 0 || seen.at(-1) === offset - 1, 'in order, none left out')
    seen.push(offset)
    if (!this.acksAll) return
    systemClock.after(offset % 3, () => {
      reader.settle(offset, 'ack')
    })
  }

  onCancelled(): void {
    this.cancelledCount++
  }
}

function consume(
  { broker }: Opened,
  topic: Topic,
  options: Partial<StreamOptions> = {},
): CheckingSink {
  const all = { prefetch: 10, partition: undefined, start: undefined, name: undefined, ...options }
  const sink = new CheckingSink(topic, all.prefetch)
  sink.consumer = new StreamConsumer(topic, sink, all, broker.streamContext)
  return sink
}

const isDurable = (topic: Topic): boolean =>
  topic.partitions.every(({ log }) => log.durableEnd === log.endOffset)

async function readersGetEverything(opened: Opened, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const topic = createTopic(opened, 2)
  const wanted: { sink: CheckingSink; firsts: (number | undefined)[] }[] = []
  const addReader = (): void => {
    const prefetch = 1 + random.below(20)
    const ends = topic.partitions.map(({ log }) => log.endOffset)
    const offset = random.below((ends[0] ?? 0) + 1)
    const choice = random.below(3)
    if (choice === 0) {
      const sink = consume(opened, topic, { prefetch, start: { kind: 'first' } })
      wanted.push({ sink, firsts: [0, 0] })
    } else if (choice === 1) {
      wanted.push({ sink: consume(opened, topic, { prefetch }), firsts: ends })
    } else {
      const start = { kind: 'offset', offset } as const
      const sink = consume(opened, topic, { prefetch, partition: 0, start })
      wanted.push({ sink, firsts: [offset, undefined] })
    }
  }
  for (let step = 0; step < 150; step++) {
    const partition = topic.partitions[random.below(2)] as Partition
    publishSome(opened.store, boundOf(partition), random)
    if (step % 10 === 0) addReader()
    if (step % 5 === 0) await new Promise((resolve) => systemClock.after(1, () => resolve(0)))
  }
  await waitFor('everything is durable', () => isDurable(topic))
  for (const { sink, firsts } of wanted) {
    await waitFor('the reader has everything', () =>
      topic.partitions.every(({ log }, index) => {
        const first = firsts[index]
        if (first === undefined || first >= log.endOffset) return true
        return sink.offsets[index]?.at(-1) === log.endOffset - 1
      }),
    )
    for (const [index, first] of firsts.entries()) {
      const seen = sink.offsets[index]
      if (seen !== undefined) assert.equal(seen[0], first)
      if (first === undefined) assert.equal(seen, undefined)
    }
    sink.consumer.cancel()
  }
}

describe('stream readers', () => {
  for (const seed of [1, 2, 3]) {
    it(`get everything from where they begin, when commits are late (seed ${seed})`, async () => {
      const opened = openMemory(seed)
      await readersGetEverything(opened, seed)
      await opened.store.close()
    })

    it(`get everything from where they begin, from the disk (seed ${seed})`, async () => {
      const opened = await openFile(new FaultDisk(systemClock))
      await readersGetEverything(opened, seed)
      opened.broker.prepareToClose()
      await opened.store.close()
    })
  }

  it('keep none of what they have delivered, and nothing once they are cancelled', async () => {
    const opened = openMemory(6)
    const topic = createTopic(opened, 1)
    const { log } = topic.partitions[0] as Partition
    for (let count = 0; count < 20; count++) {
      opened.store.beginAtom()
      log.append(messageOf(`${count}`), -1)
      opened.store.endAtom()
      await waitFor('it is durable', () => isDurable(topic))
    }
    using watch = new PageWatch()
    const all = consume(opened, topic, { start: { kind: 'first' } })
    await waitFor('it is at the end', () => all.offsets[0]?.length === 20)
    assert.deepEqual([watch.retainTotal, watch.retainCount], [20, 0])
    const some = consume(opened, topic, { start: { kind: 'first' }, prefetch: 5 })
    some.acksAll = false
    await waitFor('it has what it may', () => some.offsets[0]?.length === 5)
    assert.equal(watch.retainCount, 15)
    for (const { consumer } of [all, some]) consumer.cancel()
    assert.equal(watch.retainCount, 0)
    await opened.store.close()
  })

  it('go on behind records that retention took away', async () => {
    const opened = openMemory(5)
    const topic = createTopic(opened, 1)
    const { log } = topic.partitions[0] as Partition
    const random = seededRandom(5)
    while (log.endOffset < 50) publishSome(opened.store, boundOf(topic.partitions[0]!), random)
    await waitFor('everything is durable', () => isDurable(topic))
    opened.store.beginAtom()
    opened.store.trim(log, 20)
    opened.store.endAtom()
    const sink = consume(opened, topic, { start: { kind: 'offset', offset: 3 } })
    await waitFor('it is at the end', () => sink.offsets[0]?.at(-1) === log.endOffset - 1)
    assert.equal(sink.offsets[0]?.[0], 20)
    sink.consumer.cancel()
    await opened.store.close()
  })
})

describe('a named reader', () => {
  const fillNames = ({ broker }: Opened, topic: Topic, free: number): void => {
    const { log } = topic.partitions[0] as Partition
    for (let count = topicLimits.consumerNamesPerPartitionMax - free; count > 0; count--) {
      broker.streamContext.offsets.set(log, `name ${count}`, 0)
    }
  }

  it('is refused when too many names are remembered, wherever it begins', async () => {
    const opened = openMemory(1)
    const topic = createTopic(opened, 1)
    fillNames(opened, topic, 0)
    for (const kind of ['first', 'last'] as const) {
      const open = (): CheckingSink => consume(opened, topic, { name: 'new', start: { kind } })
      assert.throws(open, /remembers at most/)
    }
    assert.equal(topic.observers.size, 0)
    await opened.store.close()
  })

  it('ends when others took the last places while its start was looked up', async () => {
    const turn = new Turn(systemClock)
    const store = new MemoryLogStore({ clock: systemClock, turn, converter: crossing })
    const failures: Error[] = []
    const opened = { store, broker: brokerOn(store, turn, (error) => failures.push(error)) }
    const topic = createTopic(opened, 1)
    fillNames(opened, topic, 1)
    const start = { kind: 'timestamp', timestamp: 0 } as const
    const sinks = ['one', 'two'].map((name) => consume(opened, topic, { name, start }))
    await waitFor('one of them ends', () => failures.length > 0)
    assert.match(failures[0]?.message ?? '', /remembers at most/)
    assert.deepEqual(
      sinks.map(({ cancelledCount }) => cancelledCount),
      [0, 1],
    )
    sinks[0]?.consumer.cancel()
    await store.close()
  })

  it('goes on after a restart where its acks ended', async () => {
    const disk = new FaultDisk(systemClock)
    const first = await openFile(disk)
    const topic = createTopic(first, 1)
    const partition = topic.partitions[0] as Partition
    for (let count = 0; count < 4; count++) {
      first.store.beginAtom()
      partition.log.append(messageOf(`${count}`), -1)
      first.store.endAtom()
    }
    const name = 'billing'
    const sink = consume(first, topic, { name, start: { kind: 'first' } })
    await waitFor('all are acked', () => {
      const isAcked = sink.consumer.unackedCount === 0 && sink.offsets[0]?.length === 4
      return isAcked
    })
    sink.acksAll = false
    first.store.beginAtom()
    partition.log.append(messageOf('4'), -1)
    first.store.endAtom()
    await waitFor('the last is delivered', () => sink.offsets[0]?.length === 5)
    first.broker.prepareToClose()
    await first.store.close()

    const second = await openFile(disk)
    const none = {
      appliedSequence: 0,
      vhosts: [],
      exchanges: [],
      bindings: [],
      policies: [],
      delays: [],
      access: noAccessRows,
    }
    second.broker.restore({ ...none, queues: [topic.row()] }, second.recovered.logs)
    second.broker.restoreState(second.recovered.state)
    const [restored] = [...second.broker.topics()]
    assert.ok(restored)
    const again = consume(second, restored, { name })
    await waitFor('it goes on', () => again.offsets[0]?.length === 1)
    assert.deepEqual(again.offsets[0], [4])
    again.consumer.cancel()
    second.broker.deleteQueue(restored)
    second.broker.prepareToClose()
    await second.store.close()

    const third = await openFile(disk)
    assert.deepEqual([...third.recovered.state.keys()], [])
    await third.store.close()
  })
})
