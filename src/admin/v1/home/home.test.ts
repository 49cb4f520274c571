import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { statusOf } from '../../../../test/support/broker-status.ts'
import { manage, type ManagedBroker } from '../../../../test/support/managed-broker.ts'
import { messageTo, NotingClient } from '../../../../test/support/noting-client.ts'
import { healthLimits } from '../../../limits/health.ts'
import { RecordBatchBuilder } from '../../../record/batch/batch-builder.ts'
import { type Caller, ownerCaller } from '../../api/caller.ts'
import type { Call } from '../../api/operation.ts'
import type { HomeJson } from './home-json.ts'
import { homeOperation } from './home-operation.ts'

let client: NotingClient
let managed: ManagedBroker
let ask: (caller?: Caller) => Promise<HomeJson>
beforeEach(() => {
  client = new NotingClient()
  managed = manage(client.broker)
  const operation = homeOperation({
    ...managed,
    figures: () => statusOf('ready', client.broker.shortage.reason),
  })
  ask = (caller = ownerCaller) =>
    settled(operation.handle({ caller } as unknown as Call) as Promise<HomeJson>)
})

/** Turns end until it is. */
async function settled<T>(answer: Promise<T>): Promise<T> {
  const state = { isOver: false }
  void answer.finally(() => (state.isOver = true))
  while (!state.isOver) {
    client.clock.endTurn()
    await new Promise((resolve) => void setImmediate(resolve))
  }
  return answer
}

function publish(name: string, count: number): void {
  for (let index = 0; index < count; index++) client.intake.offer(messageTo(name, 'm'), 0)
  client.clock.endTurn()
}

async function textsAfter(ms: number): Promise<string[]> {
  client.clock.advance(ms)
  return (await ask()).findings.map(({ text }) => text)
}

test('a broker in which nothing is wrong says so', async () => {
  const { health, findings, counts, is_empty: isEmpty } = await ask()
  assert.deepEqual(
    findings.map(({ text }) => text),
    ['All is well: 1 queue, 0 topics, 0/s in, 0/s out'],
  )
  assert.deepEqual([health, counts.streams, isEmpty], ['fine', 1, false])
})

test('queues that grow are told of, with how long the oldest message waits', async () => {
  client.declare('p')
  await ask()
  publish('q', 100)
  publish('p', 50)
  await textsAfter(healthLimits.lookMsMin)
  publish('q', 200)
  const grows =
    /^`q` grows by 33\/s, and nobody consumes it: 300 messages wait, the oldest for 7 s$/
  assert.match((await textsAfter(6000))[0] ?? '', grows)
  publish('p', 100)
  assert.deepEqual(await textsAfter(2000), [
    '2 queues grow, `q` fastest; the oldest message waits 9 s',
  ])
  const { growers, counts } = await ask()
  assert.deepEqual(
    growers.map(({ name, ready }) => [name, ready]),
    [
      ['q', 300],
      ['p', 150],
    ],
  )
  assert.equal(counts.ready, 450)
})

test('a queue that nobody consumes is told of once a message has waited', async () => {
  publish('q', 1)
  assert.match((await textsAfter(1000))[0] ?? '', /^All is well/)
  const [text] = await textsAfter(healthLimits.quietMs)
  assert.equal(text, 'Nobody consumes `q`: 1 message waits, the oldest for 31 s')
})

test('publishers that are blocked come first', async () => {
  publish('q', 1)
  client.clock.advance(healthLimits.quietMs)
  client.broker.shortage.set('memory', true)
  client.clock.advance(60_000)
  const { health, findings } = await ask()
  assert.deepEqual(
    [health, ...findings.map(({ kind }) => kind)],
    ['bad', 'publishers-blocked', 'unconsumed'],
  )
  assert.match(
    findings[0]?.text ?? '',
    /^Publishers are blocked for 60 s: 86 MiB of memory are in use/,
  )
})

test('one look serves all who ask for a while', async () => {
  await ask()
  publish('q', 5)
  assert.equal((await ask()).counts.ready, 0)
  client.clock.advance(healthLimits.lookMsMin)
  assert.equal((await ask()).counts.ready, 5)
})

test('who may enter no virtual host sees nothing of it', async () => {
  publish('q', 5)
  const { rights } = client
  const principal = { ...ownerCaller.principal, user: 'bob', tags: ['management'] }
  const none: Caller = {
    principal,
    login: ownerCaller.login,
    hasTag: (tag) => tag === 'management',
    rightsIn: () => Object.create(rights, { hasAccess: { value: false } }) as typeof rights,
    isCurrent: () => true,
  }
  const { counts, history, is_empty: isEmpty } = await ask(none)
  assert.deepEqual([counts.ready, counts.streams, history, isEmpty], [0, 0, null, true])
})

test('a transaction that is open for long is told of, with what waits for it', async () => {
  const { transactions } = managed
  const topics = client.broker.topicsOf(client.broker.getVHost('/'))
  const created = topics.create({ name: 't', partitionCount: 1, configs: {}, isProvisional: false })
  const partition = created.topic.partitions[0]!
  const asked = { transactionalId: 'orders', timeoutMs: 600_000, claimed: undefined }
  const producer = await settled(transactions.initProducer(asked))
  const part = { topic: 't', partition: 0, logId: partition.log.id }
  transactions.addPartitions({ ...producer, transactionalId: 'orders' }, [part], 2)
  const builder = new RecordBatchBuilder(0)
  const record = { timestamp: client.clock.now(), key: null, value: Buffer.from('v'), headers: [] }
  builder.append({ offset: 0, ...record })
  const { producerId, epoch: producerEpoch } = producer
  const sequence = { producerId, producerEpoch, baseSequence: 0, isTransactional: true }
  partition.produce(builder.finish(sequence))
  assert.match((await textsAfter(1000))[0] ?? '', /^All is well/)
  assert.deepEqual(await textsAfter(healthLimits.transactionMs), [
    'Transaction `orders` has been open for 61 s: 1 record of `t` waits for it; in 9 min it is aborted',
  ])
  await settled(transactions.abort('orders'))
  assert.match((await textsAfter(1000))[0] ?? '', /^All is well/)
})
