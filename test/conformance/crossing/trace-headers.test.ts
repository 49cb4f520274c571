// What OpenTelemetry sends along (W3C Trace Context and Baggage) reaches the other protocol's clients as it
// was, by the names and as the text that their instrumentation looks for.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ConsumeMessage } from 'amqplib'
import { BothClients } from '../../support/both-clients.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { waitFor } from '../../support/wait-for.ts'

const trace: Readonly<Record<string, string>> = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  baggage: 'userId=alice,serverNode=DF%2028,isProduction=false;a=b',
}

let folder: string
let clients: BothClients
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pabal-trace-'))
  clients = await BothClients.open(folder)
})
after(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** A queue or a stream, which Kafka sees as a topic. */
async function declare(type: string): Promise<string> {
  const name = uniqueName(type)
  await clients.channel.assertQueue(name, { arguments: { 'x-queue-type': type } })
  return name
}

async function firstMessage(name: string, type: string): Promise<ConsumeMessage> {
  const channel = await clients.session.channel()
  await channel.prefetch(10)
  const start = type === 'stream' ? { 'x-stream-offset': 'first' } : {}
  const inbox = await Inbox.consume(channel, name, { arguments: start })
  const [message] = await inbox.received(1)
  await channel.close()
  return message!
}

async function firstHeaders(topic: string): Promise<Record<string, string>> {
  const consumer = clients.kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const seen: Record<string, string>[] = []
  await consumer.run({
    eachMessage: async ({ message: { headers = {} } }) => {
      const texts = Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
      seen.push(Object.fromEntries(texts))
    },
  })
  const headers = await waitFor('a record', () => seen[0])
  await consumer.disconnect()
  return headers
}

function traceOf(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(trace).map((name) => [name, headers[name]]))
}

for (const type of ['classic', 'quorum', 'stream']) {
  test(`from AMQP through a ${type} queue to Kafka, and to AMQP`, async () => {
    const name = await declare(type)
    clients.channel.sendToQueue(name, Buffer.from('x'), { headers: trace })
    await clients.channel.waitForConfirms()
    assert.deepEqual(traceOf(await firstHeaders(name)), trace)
    const { headers = {} } = (await firstMessage(name, type)).properties
    assert.deepEqual(traceOf(headers), trace)
  })

  test(`from Kafka through a ${type} queue to AMQP, and to Kafka`, async () => {
    const name = await declare(type)
    await clients.producer.send({ topic: name, messages: [{ value: 'x', headers: trace }] })
    assert.deepEqual(traceOf(await firstHeaders(name)), trace)
    const { headers = {} } = (await firstMessage(name, type)).properties
    assert.deepEqual(traceOf(headers), trace)
  })
}

test('through a dead-letter exchange to Kafka', async () => {
  const graves = await declare('stream')
  const letters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': graves }
  const name = uniqueName('work')
  await clients.channel.assertQueue(name, { arguments: letters })
  await clients.producer.send({ topic: name, messages: [{ value: 'x', headers: trace }] })
  const message = await waitFor('the message', async () => {
    return (await clients.channel.get(name)) || undefined
  })
  clients.channel.reject(message, false)
  assert.deepEqual(traceOf(await firstHeaders(graves)), trace)
})
