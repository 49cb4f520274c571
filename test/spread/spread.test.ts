// Partitions that another cell leads, as AMQP sees them: two cells in one process, in virtual time.
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { BrokerError } from '../../src/broker/broker-error.ts'
import type { Queue } from '../../src/broker/queue/queue.ts'
import type { Partition } from '../../src/broker/topic/partition.ts'
import { Retention } from '../../src/broker/topic/retention.ts'
import type { StreamStart } from '../../src/broker/topic/stream-start.ts'
import { logsElsewhere } from '../../src/cluster/carried-topics.ts'
import { spreadLimits } from '../../src/limits/spread.ts'
import { repairDataFolder } from '../../src/log/file/repair.ts'
import { logAdopter } from '../../src/meta/adopt-logs.ts'
import { emptyTable, type FieldTable, table } from '../../src/record/message/field-table.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { messageTo } from '../support/noting-client.ts'
import { NotingSink, textOf } from '../support/queue-under-test.ts'
import { countOf, type OpenedSpread, openSpread } from './open-spread.ts'
import type { SpreadWorld } from './spread-world.ts'
import { produce, StreamInTest } from './stream-in-test.ts'

let world: SpreadWorld
let opened: OpenedSpread

async function open(): Promise<OpenedSpread> {
  opened = await openSpread()
  world = opened.world
  return opened
}

afterEach(() => opened[Symbol.dispose]())

describe('stream consumers of a partition that another cell leads', () => {
  test('get its records with their offsets, from where they begin, and those that come', async () => {
    const { topic, number, leader } = await open()
    const { broker } = world.home
    produce(leader(), ['0', '1', '2'], { timestamp: 1000 })
    produce(leader(), ['3', '4'], { timestamp: 2000, compression: 'gzip' })
    produce(leader(), ['5'], { timestamp: 3000 })
    await world.pass(100)
    const starts: [StreamStart, number][] = [
      [{ kind: 'first' }, 0],
      [{ kind: 'next' }, 6],
      [{ kind: 'last' }, 5],
      [{ kind: 'offset', offset: 4 }, 4],
      [{ kind: 'timestamp', timestamp: 1500 }, 3],
    ]
    const streams = starts.map(
      ([start]) => new StreamInTest(broker, topic, start, { partition: number }),
    )
    await world.pass(100)
    produce(leader(), ['6', '7'])
    await world.pass(100)
    for (const [index, [, first]] of starts.entries()) {
      const expected = countOf(8)
        .slice(first)
        .map((text) => [Number(text), text])
      assert.deepEqual(streams[index]!.got[number], expected)
    }
    assert.ok(world.arrived.get('read')! <= 8, 'readers at one place share what was read')
    for (const { consumer } of streams) consumer.cancel()
  })

  test('do not see markers, nor what was aborted, nor what is not yet decided', async () => {
    const { topic, number, leader } = await open()
    const stream = new StreamInTest(
      world.home.broker,
      topic,
      { kind: 'first' },
      { partition: number },
    )
    const producer = { producerId: 7, producerEpoch: 0, isTransactional: true }
    const end = (isCommit: boolean): void => {
      const { store } = world.cell(1).broker
      store.beginAtom()
      leader().endTransaction({ producerId: 7, epoch: 0, isCommit, coordinatorEpoch: 0 })
      store.endAtom()
    }
    produce(leader(), ['aborted'], { ...producer, baseSequence: 0 })
    produce(leader(), ['between'])
    await world.pass(200)
    assert.equal(stream.count, 0)
    end(false)
    await world.pass(200)
    assert.deepEqual(stream.got[number], [[1, 'between']])
    produce(leader(), ['committed'], { ...producer, baseSequence: 1 })
    end(true)
    await world.pass(200)
    assert.deepEqual(stream.got[number], [
      [1, 'between'],
      [3, 'committed'],
    ])
    stream.consumer.cancel()
  })

  test('wait while their leader is away, which is told once, and go on', async () => {
    const { topic, number, leader } = await open()
    produce(leader(), ['0'])
    await world.pass(50)
    const stream = new StreamInTest(
      world.home.broker,
      topic,
      { kind: 'first' },
      { partition: number },
    )
    await world.pass(200)
    world.stop(1)
    await world.pass(60_000)
    const late = new StreamInTest(
      world.home.broker,
      topic,
      { kind: 'first' },
      { partition: number },
    )
    await world.pass(30_000)
    assert.deepEqual(world.home.told, ['1 away'])
    assert.equal(late.count, 0)
    await world.pump(world.start(1))
    produce(leader(), ['1'])
    await world.until('both have all', () => stream.count === 2 && late.count === 2)
    assert.deepEqual(world.home.told, ['1 away', '1 back'])
    for (const { consumer } of [stream, late]) consumer.cancel()
  })

  test('have its names remembered at home', async () => {
    const { topic, number, leader } = await open()
    produce(leader(), countOf(3))
    await world.pass(50)
    const options = { partition: number, name: 'reader' }
    const first = new StreamInTest(world.home.broker, topic, { kind: 'first' }, options)
    await world.until('it has all', () => first.count === 3)
    await world.pass(500)
    first.consumer.cancel()
    world.stop(0)
    await world.pump(world.start(0))
    produce(leader(), ['3'])
    const { log } = world.home.topic().partitions[number]!
    const offset = world.home.broker.streamContext.offsets.find(log, 'reader')
    assert.equal(offset, 3)
    const start = { kind: 'offset', offset } as const
    const again = new StreamInTest(world.home.broker, world.home.topic(), start, options)
    await world.until('it goes on', () => again.count === 1)
    again.consumer.cancel()
  })

  test('are all that has its end followed', async () => {
    const { topic, leader } = await open()
    const stream = new StreamInTest(world.home.broker, topic, { kind: 'next' })
    await world.pass(1000)
    const { mirrors } = world.home.broker.spread!
    assert.equal(mirrors.followedCount, 1)
    stream.consumer.cancel()
    await world.pass(spreadLimits.wantedMs + spreadLimits.watchMs + 1000)
    assert.equal(mirrors.followedCount, 0)
    const before = world.arrived.get('watch')
    produce(leader(), ['0'])
    await world.pass(20_000)
    assert.equal(world.arrived.get('watch'), before)
  })
})

describe('a queue whose source another cell leads a part of', () => {
  const source = (more: Record<string, string> = {}): FieldTable =>
    table({ 'x-source': 't', ...more })

  test('begins where it is asked to, takes all records, and goes on after a restart', async () => {
    const { topic, number, leader } = await open()
    produce(leader(), countOf(3))
    produce(topic.partitions[1 - number], ['home'])
    await world.pass(50)
    await opened.declare('new', source())
    const queue = await opened.declare('all', source({ 'x-source-offset': 'first' }))
    assert.equal(queue.readyCount, 4)
    const taken: string[] = []
    const view = new RecordView()
    await world.until('all are taken', () => {
      if (queue.takeReady(view) === 'record') taken.push(textOf(view))
      return taken.length === 4
    })
    assert.deepEqual(taken.toSorted(), ['0', '1', '2', 'home'])
    produce(leader(), countOf(2))
    await world.until('they are counted', () => queue.readyCount === 2)
    world.stop(0)
    await world.pump(world.start(0))
    const again = world.home.queue('all') as Queue
    const other = world.home.queue('new') as Queue
    await world.until('all that was not acked is there', () => again.readyCount === 6)
    await world.until('what came later is there', () => other.readyCount === 2)
    const sink = new NotingSink()
    again.addConsumer(sink, {
      tag: 'c',
      isNoAck: true,
      isExclusive: false,
      prefetch: 0,
      arguments: emptyTable,
    })
    await world.until('all came', () => sink.texts.length === 6)
    assert.equal(again.messageCount, 0)
  })

  test('does not count what readers do not see', async () => {
    const { leader } = await open()
    const queue = await opened.declare('new', source())
    const producer = { producerId: 7, producerEpoch: 0, isTransactional: true }
    for (const [baseSequence, isCommit] of [false, true].entries()) {
      produce(leader(), ['one'], { ...producer, baseSequence })
      const { store } = world.cell(1).broker
      store.beginAtom()
      leader().endTransaction({ producerId: 7, epoch: 0, isCommit, coordinatorEpoch: 0 })
      store.endAtom()
      await world.pass(200)
    }
    assert.equal(leader().log.endOffset, 4)
    assert.equal(queue.readyCount, 1)
  })

  test('keeps at the leader what it has not acked, as long as it is there', async () => {
    const { leader } = await open()
    const { broker } = world.cell(1)
    broker.topicsOf(broker.getVHost('/')).configure(world.cell(1).topic(), { 'retention.ms': '1' })
    produce(leader(), countOf(3), { timestamp: 1 })
    await world.pass(50)
    const queue = await opened.declare('all', source({ 'x-source-offset': 'first' }))
    produce(leader(), ['3'])
    const retention = new Retention({
      store: broker.store,
      clock: world.clock,
      topics: () => broker.topics(),
      onTrouble: (_owner, error) => assert.fail(error),
    })
    await world.pass(100)
    await world.pump(retention.run())
    assert.equal(leader().startOffset, 3)
    assert.equal(leader().hold.floor, 0)
    // It also stays when the leader restarts.
    world.stop(1)
    await world.pump(world.start(1))
    assert.equal(leader().hold.floor, 0)
    const sink = new NotingSink()
    const options = {
      tag: 'c',
      isNoAck: true,
      isExclusive: false,
      prefetch: 0,
      arguments: emptyTable,
    }
    queue.addConsumer(sink, options)
    await world.until('all came', () => sink.texts.length === 4)
    await world.pass(spreadLimits.claimMs + spreadLimits.holdsMs)
    assert.equal(leader().hold.floor, 4)
    world.home.broker.deleteQueue(queue)
    await world.pass(spreadLimits.holdsMs * 2)
    assert.equal(leader().hold.floor, undefined)
    assert.equal(leader().log.cursors.length, 1)
    retention.close()
  })
})

test('a repair at home takes nothing off queues of what another cell leads', async () => {
  const { leader } = await open()
  const from = table({ 'x-source': 't', 'x-source-offset': 'first' })
  const queue = await opened.declare('all', from)
  await opened.declare('damaged', emptyTable)
  world.home.intake.offer(messageTo('damaged', 'a body of the home'), 1)
  produce(leader(), countOf(5))
  await world.until('they are counted', () => queue.readyCount === 5)
  // What is known of a log at the end stands in the checkpoint of a clean stop.
  await world.pump(world.home.broker.store.close())
  world.stop(0)
  const disk = world.image(0)
  const file = disk.paths.find((path) => disk.contentOf(path).includes('a body of the home'))!
  const bytes = Buffer.from(disk.contentOf(file))
  bytes[bytes.indexOf('a body of the home')]! ^= 1
  disk.setContent(file, bytes)
  const { actions, lost } = await world.pump(
    repairDataFolder({
      disk,
      path: '/data',
      isLocked: () => false,
      isDryRun: false,
      adopter: logAdopter,
      logsElsewhere,
    }),
  )
  assert.equal(lost.length, 1)
  const taken = actions.filter((action) => action.includes('off the count'))
  assert.match(taken.join('\n'), /^take 1 messages that are gone off the count of log \d+$/)
  world.replaceDisk(0, disk)
  await world.pump(world.start(0))
  const again = world.home.queue('all') as Queue
  await world.until('all are there', () => again.readyCount === 5)
  assert.equal((world.home.queue('damaged') as Queue).readyCount, 0)
})

describe('browsing', () => {
  test('shows a partition that another cell leads, up to its end', async () => {
    const { topic, number, leader } = await open()
    produce(leader(), countOf(3))
    await world.pass(20)
    const asked = {
      start: { kind: 'first' },
      partition: number,
      count: 10,
      payloadSizeMax: 100,
    } as const
    const page = await world.pump(world.home.broker.browse(topic, asked))
    assert.deepEqual(
      page.messages.map(({ offset, payload }) => [offset, String(payload)]),
      [
        [0, '0'],
        [1, '1'],
        [2, '2'],
      ],
    )
    world.stop(1)
    await assert.rejects(world.pump(world.home.broker.browse(topic, asked)), (error) => {
      assert.ok(error instanceof BrokerError)
      assert.equal(error.code, 'unavailable')
      return true
    })
  })
})

describe('messages for a partition that another cell leads', () => {
  const publish = (key: string, body: string | Buffer, note = 1): void => {
    const source = messageTo('t', body, { headers: table({ 'x-key': key }) })
    world.home.intake.offer(source, note)
  }
  const textsAt = async (partition: Partition): Promise<string[]> => {
    const runs = await partition.store.readRuns(partition.log, 0, Infinity)
    const view = new RecordView()
    return runs.flatMap((run) => {
      const texts: string[] = []
      for (let at = 61; at < run.size;) {
        at = partition.log.readFrom(run, at, view)
        texts.push(textOf(view))
      }
      return texts
    })
  }

  test('are confirmed by the home, and come in order and once, whoever restarts', async () => {
    const { leader, key } = await open()
    world.stop(1)
    for (const text of countOf(20)) publish(key, text)
    await world.pass(100)
    assert.equal(world.home.intake.ticket?.isDurable, true)
    assert.ok(world.home.broker.spread!.transits.size > 0)
    world.stop(0)
    await world.pump(world.start(0))
    assert.ok(world.home.broker.spread!.transits.size > 0)
    await world.pump(world.start(1))
    await world.until('all are there', () => leader().log.durableEnd === 20)
    assert.deepEqual(await world.pump(textsAt(leader())), countOf(20))
    await world.pass(100)
    assert.equal(world.home.broker.spread!.transits.size, 0)
    for (const number of [0, 1]) world.stop(number)
    await world.startAll()
    await world.pass(5000)
    assert.equal(leader().log.endOffset, 20)
    publish(key, '20')
    await world.until('it goes on', () => leader().log.durableEnd === 21)
  })

  test('come after each of two restores of the home from one backup', async () => {
    const { leader, key } = await open()
    for (const text of countOf(3)) publish(key, text)
    const { transits } = world.home.broker.spread!
    await world.until('nothing is on its way', () => transits.size === 0)
    await world.pass(100)
    world.stop(0)
    const backup = world.image(0)
    let expected = countOf(3)
    for (const restore of ['first', 'second']) {
      await world.putBack(0, backup)
      await world.pump(world.start(0))
      const texts = countOf(5).map((text) => `${restore} ${text}`)
      for (const text of texts) publish(key, text)
      expected = [...expected, ...texts]
      await world.pass(3000)
      assert.equal(world.home.intake.ticket?.isDurable, true)
      world.stop(0)
    }
    assert.deepEqual(await world.pump(textsAt(leader())), expected)
    await world.pump(world.start(0))
  })

  test('may be large, and share their bodies', async () => {
    const { topic, number, leader, key } = await open()
    const { broker } = world.home
    const large = Buffer.alloc(3_000_000, 'x')
    publish(key, large)
    await world.until('it is there', () => leader().log.durableEnd === 1)
    const stream = new StreamInTest(broker, topic, { kind: 'first' }, { partition: number })
    await world.until('it came back', () => stream.count === 1)
    assert.equal(stream.texts(number)[0], large.toString())
    const vhost = broker.getVHost('/')
    await opened.declare('beside', emptyTable)
    for (const queue of ['t', 'beside']) {
      vhost.bindQueue(queue, 'amq.fanout', '', emptyTable)
    }
    const shared = 'y'.repeat(200_000)
    for (const note of countOf(30)) {
      const headers = table({ 'x-key': key })
      const source = messageTo('', shared + note, { exchange: 'amq.fanout', headers })
      world.home.intake.offer(source, 1)
      await world.pass(1)
    }
    await world.until('they came back', () => stream.count === 31)
    assert.deepEqual(
      stream.texts(number).slice(1),
      countOf(30).map((note) => shared + note),
    )
    stream.consumer.cancel()
  })

  test('go with their topic', async () => {
    const { topic, key } = await open()
    const logs = (): number =>
      (world.home.broker.store as unknown as { logs: Map<number, unknown> }).logs.size
    const before = logs()
    world.stop(1)
    publish(key, 'lost')
    await world.pass(100)
    assert.equal(logs(), before + 1)
    world.home.broker.deleteQueue(topic)
    await world.pass(100)
    assert.equal(world.home.broker.spread!.transits.size, 0)
    assert.equal(logs(), before - 2)
  })

  test('make publishers wait when too many of them are on their way', async () => {
    await open()
    const { shortage, spread } = world.home.broker
    const { transits } = spread!
    transits.onSize(spreadLimits.transitSizeMax)
    assert.equal(shortage.reason, undefined)
    transits.onSize(1)
    assert.equal(shortage.reason, 'low on room for messages to other nodes')
    publish('any', 'waits')
    await world.pass(10)
    assert.deepEqual(world.home.published, [])
    transits.onSize(spreadLimits.transitSizeLow - transits.size)
    await world.pass(10)
    assert.deepEqual(world.home.published, [1])
    transits.onSize(-transits.size)
  })
})
