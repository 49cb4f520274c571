// Who looks at partitions that another cell leads, and what works on them: tails, exports, jobs, transactions of AMQP.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Rights } from '../../src/auth/rights.ts'
import { exportMessages } from '../../src/broker/browse/export-messages.ts'
import { Tail, type TailItem } from '../../src/broker/browse/tail.ts'
import { emptyTable, table } from '../../src/record/message/field-table.ts'
import { messageTo } from '../support/noting-client.ts'
import { countOf, type OpenedSpread, openSpread } from './open-spread.ts'
import { produce } from './stream-in-test.ts'

let it: OpenedSpread

beforeEach(async () => {
  it = await openSpread()
})
afterEach(() => it[Symbol.dispose]())

const payloads = (items: readonly TailItem[]): string[] =>
  items.flatMap((item) => (item.kind === 'message' ? String(item.message.payload) : []))

test('a tail begins at the true end and is told what comes, also after its leader was away', async () => {
  const { world, topic, number, leader } = it
  produce(leader(), countOf(3))
  await world.pass(50)
  const asked = {
    start: { kind: 'next' },
    partition: number,
    lastCount: 1,
    payloadSizeMax: 100,
  } as const
  const tail = await world.pump(Tail.open(topic, asked, world.home.broker))
  produce(leader(), ['3', '4'])
  assert.deepEqual(payloads(await world.pump(tail.next())), ['3', '4'])
  const next = tail.next()
  world.stop(1)
  await world.pass(20_000)
  await world.pump(world.start(1))
  produce(leader(), ['5'])
  assert.deepEqual(payloads(await world.pump(next)), ['5'])
  tail.end('enough')
})

test('an export has all that is there', async () => {
  const { world, topic, leader } = it
  produce(leader(), countOf(5))
  produce(
    topic.partitions.find(({ remote }) => remote === undefined),
    ['home'],
  )
  await world.pass(50)
  const texts: string[] = []
  const asked = {
    start: { kind: 'first' },
    end: Infinity,
    partition: undefined,
    lastCount: 1,
    limit: 100,
  } as const
  const read = async (): Promise<void> => {
    for await (const part of exportMessages(topic, asked, world.home.broker)) {
      for (const each of part) if ('message' in each) texts.push(String(each.message.payload))
    }
  }
  await world.pump(read())
  assert.deepEqual(texts.toSorted(), [...countOf(5), 'home'])
})

test('a job copies messages into a queue, and waits for a leader that is away', async () => {
  const { world, leader, declare } = it
  const queue = await declare('copies', emptyTable)
  produce(leader(), countOf(5))
  await world.pass(50)
  const { broker } = world.home
  const jobs = await world.pump(broker.openJobs())
  const rights = new Rights({ user: 'alice', vhost: '/' }, { permission: 'all', topics: [] })
  const asked = {
    kind: 'copy',
    vhost: '/',
    queue: 't',
    target: { to: 'queue', name: 'copies' },
    onRefused: 'stop',
  } as const
  const job = await world.pump(jobs.start(asked, { user: 'alice', rights }))
  world.stop(1)
  await world.pass(20_000)
  await world.pump(world.start(1))
  await world.until('it is done', () => job.state !== 'running')
  assert.equal(job.state, 'done')
  assert.equal(queue.readyCount, 5)
})

test('a job that is resumed after a restart of the home waits until it knows where partitions end', async () => {
  const { world, leader, declare } = it
  await declare('copies', emptyTable)
  produce(leader(), countOf(100))
  await world.pass(50)
  const rights = new Rights({ user: 'alice', vhost: '/' }, { permission: 'all', topics: [] })
  const asker = { user: 'alice', rights }
  const asked = {
    kind: 'copy',
    vhost: '/',
    queue: 't',
    target: { to: 'queue', name: 'copies' },
    onRefused: 'stop',
    messagesPerSecond: 100,
  } as const
  const before = await world.pump(world.home.broker.openJobs())
  const { id } = await world.pump(before.start(asked, asker))
  await world.pass(300)
  world.stop(0)
  world.stop(1)
  await world.pump(world.start(0))
  const jobs = await world.pump(world.home.broker.openJobs())
  const job = jobs.find(id)!
  assert.equal(job.state, 'interrupted')
  assert.ok(job.progress.done < 100)
  await world.pump(jobs.resume(id, asker))
  await world.pass(5000)
  assert.equal(job.state, 'running')
  await world.pump(world.start(1))
  await world.until('it is done', () => job.state !== 'running')
  assert.deepEqual([job.state, job.progress.done], ['done', 100])
  assert.equal(world.home.queue('copies').readyCount, 100)
})

test('what a transaction of AMQP publishes is there together or not at all', async () => {
  const { world, key, leader, declare } = it
  await declare('beside', emptyTable)
  const commit = (): void => {
    const { intake } = world.home
    const publishes = ['t', 'beside'].map((queue) => {
      const source = messageTo(queue, 'together', { headers: table({ 'x-key': key }) })
      return intake.keep(source, 1)
    })
    intake.commit({ publishes, settlements: [], onCommitted: () => undefined })
  }
  const counts = (): number[] => [world.home.queue('beside').readyCount, leader().log.endOffset]
  commit()
  // The disk has nothing of it yet.
  world.stop(0)
  await world.startAll()
  await world.pass(2000)
  assert.deepEqual(counts(), [0, 0])
  world.stop(1)
  commit()
  await world.pass(100)
  world.stop(0)
  await world.startAll()
  await world.until('both are there', () => counts().join() === '1,1')
})

test('queues and consumers go on with partitions that are added', async () => {
  const { world, topic, declare } = it
  const queue = await declare('all', table({ 'x-source': 't' }))
  const { broker } = world.home
  broker.topicsOf(broker.getVHost('/')).grow(topic, 4)
  const cell = world.cell(1)
  const numbers = topic.partitions.flatMap(({ remote }, number) => (remote ? [number] : []))
  cell.topics.changePart(cell.topic(), {
    name: 't',
    topicId: topic.topicId,
    spread: 2,
    numbers,
    configs: {},
  })
  await world.pass(100)
  for (const number of numbers) produce(cell.topic().led(number), [`of ${number}`])
  await world.until('all are counted', () => queue.readyCount === numbers.length)
})
