import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOfRecords } from '../../../test/support/kafka-fixture.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { openFileLogStore } from '../../log/file/open-file-log-store.ts'
import { foldTopology } from '../../meta/fold-topology.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { Broker } from '../broker.ts'
import { whenDurable } from '../when-durable.ts'
import type { Topic } from './topic.ts'

type CellOptions = Partial<ConstructorParameters<typeof Broker>[0]>

async function open(disk: FaultDisk, own: CellOptions): Promise<Broker> {
  const turn = new Turn(systemClock)
  const parts = { clock: systemClock, random: systemRandom, turn }
  const durability = 'fsync' as const
  const { store, recovered } = await openFileLogStore({ path: '/data', disk, durability, ...parts })
  const broker = new Broker({
    ...parts,
    store,
    vhosts: [],
    onDamaged: (_from, _offset, error) => assert.fail(error),
    ...own,
  })
  const report = broker.restore(foldTopology(recovered.topology), recovered.logs)
  assert.deepEqual([report.unowned, report.incomplete, report.rewound], [[], [], []])
  store.setTopologySource(() => broker.topologyEntries())
  broker.restoreState(recovered.state)
  return broker
}

async function close(broker: Broker): Promise<void> {
  broker.prepareToClose()
  await broker.store.close()
}

function topicIn(broker: Broker): Topic {
  const topic = broker.topicsOf(broker.getVHost('/')).find('t')?.topic
  assert.ok(topic)
  return topic
}

const produced = (topic: Topic): number[] =>
  topic.partitions.map(({ highWatermark }) => highWatermark)

test('a broker that is alone has what a cell led of a topic, under the same numbers', async () => {
  const disk = new FaultDisk(systemClock)
  const cell = await open(disk, { cellNumber: 1, hasNoDefaultVHost: true })
  const { topic, ticket } = cell.topicsOf(cell.getVHost('/')).createPart({
    name: 't',
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    spread: 3,
    numbers: [1, 4],
    configs: { 'retention.ms': '-1' },
  })
  await whenDurable(ticket)
  for (const [at, count] of [2, 3].entries()) {
    const batch = batchOfRecords(Array.from({ length: count }, (_, n) => ({ value: `${n}` })))
    const done = topic.partitions[at]!.produce(batch)
    assert.ok(done !== 'large')
    await whenDurable(done.ticket)
  }
  await close(cell)
  for (let start = 0; start < 2; start++) {
    const alone = await open(disk, {})
    const whole = topicIn(alone)
    assert.deepEqual(produced(whole), [0, 2, 0, 0, 3])
    assert.deepEqual([whole.numbers, whole.spread], [undefined, 0])
    assert.equal(whole.config.overrides['retention.ms'], '-1')
    assert.ok(whole.led(3), 'others can be produced to')
    await close(alone)
  }
})

test('so it has the topics of a home, whose other partitions are empty', async () => {
  const disk = new FaultDisk(systemClock)
  const home = await open(disk, { cellNumber: 0 })
  const { topic, ticket } = home.topicsOf(home.getVHost('/')).create({
    name: 't',
    partitionCount: 4,
    configs: {},
    isProvisional: false,
    spread: 2,
  })
  await whenDurable(ticket)
  const own = topic.partitions.findIndex(({ remote }) => remote === undefined)
  const done = topic.partitions[own]!.produce(batchOfRecords([{ value: 'a' }]))
  assert.ok(done !== 'large')
  await whenDurable(done.ticket)
  await close(home)
  for (let start = 0; start < 2; start++) {
    const alone = await open(disk, {})
    const whole = topicIn(alone)
    assert.deepEqual(
      produced(whole),
      [0, 1, 2, 3].map((index) => (index === own ? 1 : 0)),
    )
    assert.ok(whole.partitions.every(({ remote }) => remote === undefined))
    await close(alone)
  }
})
