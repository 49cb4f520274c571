import assert from 'node:assert/strict'
import { it } from 'node:test'
import { waitFor } from '../../../test/support/wait-for.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { openFileLogStore } from '../../log/file/open-file-log-store.ts'
import type { LogStore, Recovered } from '../../log/log-store.ts'
import { noAccessRows } from '../../meta/access-rows.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { Broker } from '../broker.ts'
import { StreamConsumer } from './stream-consumer.ts'
import type { RecordFilter } from './stream-context.ts'
import type { Topic } from './topic.ts'

interface Opened {
  readonly store: LogStore
  readonly recovered: Recovered
  readonly broker: Broker
}

async function open(disk: FaultDisk): Promise<Opened> {
  const turn = new Turn(systemClock)
  const { store, recovered } = await openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn,
    durability: 'fsync',
    random: systemRandom,
  })
  const broker = new Broker({
    store,
    turn,
    random: systemRandom,
    clock: systemClock,
    vhosts: [],
    onDamaged: (_queue, _offset, error) => assert.fail(error),
  })
  return { store, recovered, broker }
}

function messageOf(body: string, asideId: number): RecordSource {
  const header = encodeContentHeader(body.length, {})
  const source = sourceFrom({ address: encodeAddress('', 't'), header, body: Buffer.from(body) })
  source.asideId = asideId
  return source
}

/** What a killed broker left of a topic with a large message, whose body is damaged, before small ones. */
async function damagedTopic(): Promise<{ disk: FaultDisk; topic: Topic }> {
  const disk = new FaultDisk(systemClock)
  const { store, broker } = await open(disk)
  const asked = { name: 't', partitionCount: 1, configs: {}, isProvisional: false }
  const { topic } = broker.topicsOf(broker.getVHost('/')).create(asked)
  const { log } = topic.partitions[0]!
  const asideId = await new Promise<number>((resolve) => {
    store.writeAside(Buffer.from('large'), resolve)
  })
  store.beginAtom()
  log.append(messageOf('large', asideId), -1)
  for (const body of ['small', 'wanted']) log.append(messageOf(body, 0), -1)
  store.endAtom()
  await waitFor('all is durable', () => log.durableEnd === 3)
  const left = disk.kill()
  const [path] = left.paths.filter((each) => each.endsWith('.body'))
  const content = left.contentOf(path as string)
  content.writeUInt8(content[content.length - 1]! ^ 1, content.length - 1)
  left.setContent(path as string, content)
  return { disk: left, topic }
}

/** Offsets that a new consumer gets until it has the last. */
async function read({ broker }: Opened, topic: Topic, accepts?: RecordFilter): Promise<number[]> {
  const offsets: number[] = []
  const sink = {
    canTake: () => true,
    deliver: (_reader: unknown, { offset }: { offset: number }) => void offsets.push(offset),
    onCancelled: () => assert.fail('cancelled'),
  }
  const start = { kind: 'first' } as const
  const options = { prefetch: 10, partition: undefined, start, name: undefined, accepts }
  const consumer = new StreamConsumer(topic, sink, options, broker.streamContext)
  await waitFor('the last one', () => offsets.at(-1) === 2)
  consumer.cancel()
  return offsets
}

it('a record behind one whose body is lost is asked about like any other', async () => {
  const { disk, topic } = await damagedTopic()
  const opened = await open(disk)
  const none = {
    appliedSequence: 0,
    vhosts: [],
    exchanges: [],
    bindings: [],
    policies: [],
    delays: [],
    access: noAccessRows,
  }
  opened.broker.restore({ ...none, queues: [topic.row()] }, opened.recovered.logs)
  const restored = [...opened.broker.topics()][0] as Topic
  // The first to read it finds that it is lost.
  assert.deepEqual(await read(opened, restored), [1, 2])
  assert.deepEqual(await read(opened, restored), [1, 2])
  assert.deepEqual(await read(opened, restored, ({ offset }) => offset !== 1), [2])
  opened.broker.prepareToClose()
  await opened.store.close()
})
