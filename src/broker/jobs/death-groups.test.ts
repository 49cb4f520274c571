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
  from: ScanPlace = { segment: 0, offset: 0 },
): Promise<DeathGroups> {
  const queue = world.broker.getVHost('/').getQueue(name)
  const jobs = await world.broker.openJobs()
  const looked = jobs.groupDeaths(queue, from, asker)
  for (;;) {
    world.clock.endTurn()
    const result = await Promise.race([looked, new Promise<undefined>(setImmediate)])
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
  const found = finishAtOnce(findDeadLetterQueues(world.broker.getVHost('/')))
  const shown = found.map(({ queue, sourceCount }) => `${queue.name} ${sourceCount}`)
  assert.deepEqual(shown.sort(), ['one 13', 'two 14'])
  for (const { sources } of found) assert.equal(sources.length, deathLimits.sourcesShownMax)
})
