// Dead letters in groups, and the queues that they come to.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { Rights } from '../../auth/rights.ts'
import { finishAtOnce } from '../../lib/slices.ts'
import { deathLimits, jobLimits } from '../../limits/jobs.ts'
import { type FieldInput, table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Destination } from '../destination.ts'
import { Queue } from '../queue/queue.ts'
import { findDeadLetterQueues } from './dead-letter-queues.ts'
import type { DeathGroup, DeathGroups } from './death-groups.ts'
import type { Asker } from './jobs.ts'
import type { ScanPlace } from './scan.ts'

let world: DelaysUnderTest
beforeEach(() => {
  world = DelaysUnderTest.inMemory()
})

function declare(name: string, args: { readonly [name: string]: FieldInput } = {}): Destination {
  const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
  const { broker } = world
  return broker.declareQueue(broker.getVHost('/'), { name, ...rest, arguments: table(args) }).queue
}

function publish(queue: string, text: string, headers = {}): void {
  world.publish(text, undefined, { exchange: '', key: queue, headers })
  world.clock.endTurn()
}

function reject(name: string): void {
  const queue = world.broker.getVHost('/').findQueue(name)
  assert.ok(queue instanceof Queue)
  const view = new RecordView()
  while (queue.take(view) !== 'record') world.clock.endTurn()
  queue.settle(view.offset, 'reject')
  world.clock.endTurn()
}

const asker: Asker = {
  user: 'guest',
  rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
}

async function look(
  name: string,
  from: ScanPlace & { readonly lookedMax?: number } = { segment: 0, offset: 0 },
): Promise<DeathGroups> {
  const queue = world.broker.getVHost('/').getQueue(name)
  const jobs = await world.broker.openJobs()
  return await settled(jobs.groupDeaths(queue, from, asker))
}

async function settled<T>(work: Promise<T>): Promise<T> {
  for (;;) {
    world.clock.endTurn()
    const result = await Promise.race([work, new Promise<undefined>(setImmediate)])
    if (result !== undefined) return result
  }
}

const short = ({ reason, queue, exchange, exception, count }: DeathGroup): unknown[] => [
  reason,
  queue,
  exchange,
  exception,
  count,
]

test('dead letters are counted by why, where and with which exception they died', async () => {
  declare('dead')
  const toDead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
  declare('a', toDead)
  declare('b', { ...toDead, 'x-max-length': 1 })
  for (const text of ['1', '22', '333']) publish('a', text)
  const firstAt = Math.floor(world.clock.now() / 1000) * 1000
  reject('a')
  world.clock.advance(5000)
  reject('a')
  for (const text of ['x', 'y']) publish('b', text)
  const exception = { 'x-exception-message': '  no stock\n\tat Shop.java' }
  publish('dead', 'z', { ...exception, 'x-original-exchange': 'shop' })
  publish('dead', 'alive')
  const { groups, looked, others, next } = await look('dead')
  assert.deepEqual(groups.map(short), [
    ['rejected', 'a', '', undefined, 2],
    ['maxlen', 'b', '', undefined, 1],
    [undefined, undefined, 'shop', 'no stock', 1],
  ])
  assert.deepEqual([looked, others, next], [5, 1, undefined])
  const { size, first, last, example } = groups[0]!
  assert.deepEqual([size, first, last], [3, firstAt, firstAt + 5000])
  assert.deepEqual(example, { partition: undefined, offset: 0 })
})

test('what frameworks tell is known, and ids in texts make no groups', async () => {
  declare('dead')
  const kafka = { 'kafka_dlt-exception-fqcn': 'java.net.SocketException' }
  publish('dead', 'a', { ...kafka, 'kafka_dlt-original-topic': 'events' })
  for (const id of ['1000042', '3f2b8c1e-8a55-4d09-9a3e-0d6f6f0b8f11']) {
    const line = `com.shop.StockError: no stock of ${id}, HTTP 404`
    publish('dead', 'b', { 'x-exception-stacktrace': `${line}\n\tat x`, 'x-original-topic': 't' })
  }
  publish('dead', 'c', { 'MT-Fault-Message': 'x', 'MT-Fault-InputAddress': 'rabbitmq://h/in' })
  const { groups, others } = await look('dead')
  const facts = groups.map(({ queue, exceptionType, exception, count }) => {
    return [queue, exceptionType, exception, count]
  })
  assert.deepEqual(facts, [
    ['t', 'com.shop.StockError', 'no stock of #, HTTP 404', 2],
    ['events', 'java.net.SocketException', undefined, 1],
    ['in', undefined, 'x', 1],
  ])
  assert.equal(others, 0)
})

test('a group tells the first few routing keys', async () => {
  declare('dead')
  for (let number = 0; number <= deathLimits.keysShownMax; number++) {
    publish('dead', 'x', { error: 'same', 'x-original-routingKey': `k${number}` })
  }
  const { groups } = await look('dead')
  assert.equal(groups[0]!.routingKeys.length, deathLimits.keysShownMax)
  assert.ok(groups[0]!.hasOtherKeys)
})

test('a filter finds exactly the messages of a group', async () => {
  declare('dead')
  const toDead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
  declare('a', toDead)
  for (const error of ['one', 'two', 'two']) publish('a', error, { error })
  publish('a', 'none')
  for (let number = 0; number < 4; number++) reject('a')
  publish('dead', 'elsewhere', { error: 'two' })
  const { groups } = await look('dead')
  assert.equal(groups.length, 4)
  const jobs = await world.broker.openJobs()
  for (const { reason, queue, exchange, exceptionType, exception, count } of groups) {
    const texts = { reason, queue, exchange, exceptionType, exception }
    const death = Object.fromEntries(
      Object.entries(texts).map(([key, value]) => [key, value ?? null]),
    )
    const filter = { death }
    const asked = { kind: 'delete', vhost: '/', queue: 'dead', filter, onRefused: 'stop' } as const
    const preview = await settled(jobs.preview(asked, asker))
    assert.equal(preview.count, count, JSON.stringify(death))
  }
})

test('a look at many is a sample, and the next goes on', async () => {
  declare('dead')
  const count = jobLimits.previewBatchesMax + 40
  for (let number = 0; number < count; number++) publish('dead', 'x', { error: 'same' })
  const first = await look('dead')
  assert.equal(first.looked, jobLimits.previewBatchesMax)
  const second = await look('dead', first.next)
  assert.deepEqual([second.looked, second.next], [40, undefined])
  assert.equal(first.groups[0]!.count + second.groups[0]!.count, count)
})

test('a look ends after about as many messages as were asked for', async () => {
  declare('dead')
  for (let number = 0; number < 20; number++) publish('dead', 'x', { error: 'same' })
  const first = await look('dead', { segment: 0, offset: 0, lookedMax: 5 })
  assert.equal(first.looked, 5)
  assert.equal((await look('dead', first.next)).looked, 15)
})

test('groups beyond the limit are counted together', async () => {
  declare('dead')
  for (let number = 0; number < deathLimits.groupsMax + 5; number++) {
    world.publish('x', undefined, { exchange: '', key: 'dead', headers: { error: `e${number}` } })
  }
  world.clock.endTurn()
  const { groups, others } = await look('dead')
  assert.deepEqual([groups.length, others], [deathLimits.groupsMax, 5])
})

test('who may not read the queue sees none of it', async () => {
  declare('dead')
  const permission = { user: 'u', vhost: '/', configure: '.*', read: '^x$', write: '.*' }
  const rights = new Rights({ user: 'u', vhost: '/' }, { permission, topics: [] })
  await assert.rejects(
    (await world.broker.openJobs()).groupDeaths(
      world.broker.getVHost('/').getQueue('dead'),
      { segment: 0, offset: 0 },
      { user: 'u', rights },
    ),
    /read access to queue 'dead'/,
  )
})

test('queues with dead letters of others are found by settings and bindings', () => {
  world.declare('dlx', 'fanout')
  for (const name of ['one', 'two', 'plain']) declare(name)
  world.bindQueue('one', 'dlx', '')
  world.bindQueue('two', 'dlx', '')
  declare('a', { 'x-dead-letter-exchange': 'dlx' })
  declare('b', { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'two' })
  declare('c', { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'gone' })
  declare('d', { 'x-dead-letter-exchange': 'none' })
  for (let number = 0; number < 12; number++) {
    declare(`e${number}`, { 'x-dead-letter-exchange': 'dlx' })
  }
  const found = finishAtOnce(findDeadLetterQueues(world.broker.getVHost('/'), world.broker))
  const shown = found.map(({ queue, sourceCount }) => `${queue.name} ${sourceCount}`)
  assert.deepEqual(shown.sort(), ['one 13', 'two 14'])
  for (const { sources } of found) assert.equal(sources.length, deathLimits.sourcesShownMax)
})

test('so are those that are called so, and those whose messages are tried again', () => {
  for (const name of ['orders.DLT', 'orders_error', 'dlq', 'errors', 'terror']) declare(name)
  const back = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'work' }
  declare('retry', { ...back, 'x-message-ttl': 5000 })
  declare('work', { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'retry' })
  const found = finishAtOnce(findDeadLetterQueues(world.broker.getVHost('/'), world.broker))
  const shown = found.map(({ queue, sourceCount, isRetry }) => {
    return `${queue.name} ${sourceCount} ${isRetry}`
  })
  assert.deepEqual(shown.sort(), [
    'dlq 0 false',
    'orders.DLT 0 false',
    'orders_error 0 false',
    'retry 1 true',
  ])
})

test('so are those to which groups send what they cannot process, in the virtual host of topics', () => {
  const { settings, vhosts } = world.broker
  for (const name of ['aside', 'billing.topic', 'shared', 'one']) declare(name)
  world.declare('dlx', 'fanout')
  world.bindQueue('one', 'dlx', '')
  settings.put('group', 'billing', { 'pabal.attempts.max': '5', 'pabal.dead.letter.name': 'aside' })
  settings.put('group', 'mails', { 'pabal.dead.letter.name': 'aside' })
  settings.put('group', 'gone', { 'pabal.dead.letter.name': 'not there' })
  settings.put('group', 'share', { 'errors.deadletterqueue.topic.name': 'billing.topic' })
  settings.put('group', 'queued', { 'pabal.share.dead.letter.routing.key': 'shared' })
  settings.put('group', 'spread', { 'pabal.share.dead.letter.exchange': 'dlx' })
  settings.put('group', 'none', { 'consumer.session.timeout.ms': '50000' })
  const found = finishAtOnce(findDeadLetterQueues(world.broker.getVHost('/'), world.broker))
  const shown = found.map(({ queue, sourceCount, groups, groupCount }) => {
    return `${queue.name} ${sourceCount} ${groups.join()} ${groupCount}`
  })
  assert.deepEqual(shown.sort(), [
    'aside 0 billing,mails 2',
    'billing.topic 0 share 1',
    'one 0 spread 1',
    'shared 0 queued 1',
  ])
  vhosts.add('staging')
  const staging = world.broker.getVHost('staging')
  assert.deepEqual(finishAtOnce(findDeadLetterQueues(staging, world.broker)), [])
})
