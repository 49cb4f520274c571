import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import { logLimits } from '../../limits/log.ts'
import { table } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Queue } from '../queue/queue.ts'
import { type TakenOver, takeOver } from './take-over.ts'

let client: NotingClient
beforeEach(() => {
  client = new NotingClient()
})

/** The result, once the clock has done all that is due. */
async function take(queue: Queue, sources: readonly RecordSource[]): Promise<TakenOver> {
  const taken = takeOver(client.broker, queue, sources)
  await settle()
  return await taken
}

/** What is under way is done: each message takes some turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    client.clock.runUntilIdle()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a message is in its queue under the address of its publisher, and in no other', async () => {
  const queue = client.declare('elsewhere')
  const headers = table({ CC: ['q'] })
  const message = messageTo('q', 'a', { exchange: 'gone', headers, userId: 'somebody' })
  assert.deepEqual(await take(queue, [message]), { count: 1, refusal: undefined })
  assert.deepEqual([client.take('elsewhere'), client.take('q')], [['a'], []])
})

test('a full queue takes those that it has room for', async () => {
  const queue = client.declare(
    'full',
    true,
    table({ 'x-max-length': 2, 'x-overflow': 'reject-publish' }),
  )
  const messages = ['a', 'b', 'c', 'd'].map((body) => messageTo('full', body))
  assert.deepEqual(await take(queue, messages), { count: 2, refusal: 'full' })
  assert.deepEqual(client.take('full'), ['a', 'b'])
})

test('what no publisher could have sent ends it', async () => {
  const queue = client.declare('q')
  const messages = [messageTo('q', 'a'), messageTo('q', 'b', { expiration: 'soon' })]
  const { count, refusal } = await take(queue, messages)
  assert.equal(count, 1)
  assert.match(String(refusal), /invalid expiration/)
})

test('messages wait while publishers are blocked, and large bodies are written first', async () => {
  const queue = client.declare('q')
  const large = 'x'.repeat(logLimits.inlineBodySizeMax + 1)
  client.broker.shortage.set('disk', true)
  const taken = takeOver(client.broker, queue, [messageTo('q', large), messageTo('q', 'b')])
  await settle()
  assert.equal(queue.messageCount, 0)
  client.broker.shortage.set('disk', false)
  await settle()
  assert.deepEqual(await taken, { count: 2, refusal: undefined })
  assert.equal(queue.messageCount, 2)
})

test('a queue that is deleted takes no more', async () => {
  const queue = client.declare('q')
  client.broker.deleteQueue(queue)
  assert.deepEqual(await take(queue, [messageTo('q', 'a')]), { count: 0, refusal: undefined })
})
