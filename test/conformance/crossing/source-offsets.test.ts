// Where a queue begins in its source: everything that stream consumers know, looked up before the declaration
// is answered and kept with it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { channelClosed, replyText } from '../../support/amqp-session.ts'
import { BothClients } from '../../support/both-clients.ts'
import { uniqueName } from '../../support/broker-under-test.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-source-offset-'))
const hourMs = 3_600_000
/** Whole seconds, as a timestamp of AMQP has no more. */
const start = Math.floor((Date.now() - 10 * hourMs) / 1000) * 1000
let clients: BothClients

before(async () => {
  clients = await BothClients.open(data)
})
after(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(data, { recursive: true, force: true })
})

const timestamp = (ms: number): object => ({ '!': 'timestamp', value: ms / 1000 })

/** A topic that has a record for each of the first eight hours, four in a batch. */
async function createTopic(numPartitions = 1): Promise<string> {
  const topic = uniqueName('source')
  await clients.admin.createTopics({ topics: [{ topic, numPartitions }] })
  for (const first of [0, 4]) {
    const messages = Array.from({ length: 4 }, (_, index) => {
      const hour = first + index
      const at = start + hour * hourMs
      return { value: `${hour}`, timestamp: `${at}`, partition: hour % numPartitions }
    })
    await clients.producer.send({ topic, acks: -1, messages })
  }
  return topic
}

async function subscribe(source: string, offset: unknown): Promise<string> {
  const queue = uniqueName('subscription')
  const args = { 'x-source': source, 'x-source-offset': offset }
  await clients.channel.assertQueue(queue, { arguments: args })
  return queue
}

async function drain(queue: string): Promise<string> {
  let bodies = ''
  for (;;) {
    const message = await clients.channel.get(queue, { noAck: true })
    if (message === false) return bodies
    bodies += message.content.toString()
  }
}

describe('a queue begins in its source', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['at an offset', 5, '567'],
    ['at the end, for an offset beyond it', 99, ''],
    ['at the first record, for an offset below zero', -1, '01234567'],
    ['with the records that were written together last', 'last', '4567'],
    ['at a time', timestamp(start + 2 * hourMs), '234567'],
    ['after a time, in the middle of a batch', timestamp(start + 5 * hourMs + 1000), '67'],
    ['at a time as text', new Date(start + 3 * hourMs).toISOString(), '34567'],
    ['at the first record, for a time before it', timestamp(start - hourMs), '01234567'],
    ['at the end, for a time after it', timestamp(start + 9 * hourMs), ''],
    ['at an age', '1D', '01234567'],
    ['at an age of hours', '5h', '67'],
  ]
  for (const [place, offset, expected] of cases) {
    it(place, async () => {
      const topic = await createTopic()
      const queue = await subscribe(topic, offset)
      assert.equal(await drain(queue), expected)
      await clients.producer.send({ topic, acks: -1, messages: [{ value: 'x' }] })
      assert.equal(await drain(await subscribe(topic, 8)), 'x')
    })
  }

  it('in each of its partitions', async () => {
    const topic = await createTopic(2)
    const queue = await subscribe(topic, timestamp(start + 3 * hourMs))
    assert.deepEqual((await drain(queue)).split('').toSorted(), ['3', '4', '5', '6', '7'])
  })

  it('where it did, after a restart and when it is declared again', async () => {
    const topic = await createTopic()
    const time = timestamp(start + 6 * hourMs)
    const queue = await subscribe(topic, time)
    await clients[Symbol.asyncDispose]()
    clients = await BothClients.open(data)
    const args = { 'x-source': topic, 'x-source-offset': time }
    const { messageCount } = await clients.channel.assertQueue(queue, { arguments: args })
    assert.equal(messageCount, 2)
    assert.equal(await drain(queue), '67')
    // Which JSON has, and so what is shown and exported.
    const text = new Date(start + 6 * hourMs).toISOString().replace('.000Z', 'Z')
    const same = { 'x-source': topic, 'x-source-offset': text }
    await clients.channel.assertQueue(queue, { arguments: same })
  })

  it('while other methods of the channel wait for it', async () => {
    const topic = await createTopic()
    const [queue, other] = [uniqueName('subscription'), uniqueName('other')]
    const channel = await clients.session.channel()
    const args = { 'x-source': topic, 'x-source-offset': timestamp(start + 6 * hourMs) }
    const answers: string[] = []
    const note = ({ queue: name }: { readonly queue: string }): number => answers.push(name)
    await Promise.all([
      channel.assertQueue(queue, { arguments: args }).then(note),
      channel.assertQueue(other).then(note),
    ])
    assert.deepEqual(answers, [queue, other])
  })

  it('nowhere, when the offset is none or the source is not there', async () => {
    const topic = await createTopic()
    const refused = async (args: Record<string, unknown>): Promise<string> => {
      const channel = await clients.session.channel()
      const closed = channelClosed(channel)
      await assert.rejects(channel.assertQueue('refused', { arguments: args }))
      return replyText(await closed)
    }
    assert.equal(
      await refused({ 'x-source': topic, 'x-source-offset': 'sometime' }),
      `PRECONDITION_FAILED - invalid arg 'x-source-offset' for queue 'refused' in vhost '/': invalid_source_offset`,
    )
    assert.equal(
      await refused({ 'x-source': 'nowhere', 'x-source-offset': timestamp(start) }),
      `NOT_FOUND - no queue 'nowhere' in vhost '/'`,
    )
  })
})
