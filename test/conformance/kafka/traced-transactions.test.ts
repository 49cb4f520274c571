// A trace tells of records in transactions: when they come, and what becomes of their transaction.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Kafka, logLevel, type Transaction } from 'kafkajs'
import type { TraceEventJson } from '../../../src/admin/v1/trace-json.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import { waitFor } from '../../support/wait-for.ts'

let fixture: KafkaFixture

before(async () => {
  fixture = await KafkaFixture.start({ httpPort: 0 })
  await fixture.createTopic('t')
})
after(() => fixture[Symbol.asyncDispose]())

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const port = fixture.broker.addresses['http']?.port
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/traces/%2F${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  assert.ok(response.ok, `${response.status} ${method} ${path}`)
  return (await response.json()) as T
}

test('records of a transaction are told of at once, and how it ended', async () => {
  const { id } = await ask<{ id: string }>('POST', '', { filter: { text: 'traced' }, seconds: 60 })
  const kinds = async (): Promise<string> => {
    const { events } = await ask<{ events: TraceEventJson[] }>('GET', `/${id}/events?after=0`)
    return events
      .map(({ event, reason }) => (reason === undefined ? event : `${event} ${reason}`))
      .join()
  }
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${fixture.kafkaPort}`],
    logLevel: logLevel.NOTHING,
  })
  const producer = kafka.producer({
    transactionalId: 'tx',
    maxInFlightRequests: 1,
    idempotent: true,
  })
  await producer.connect()
  const send = async (): Promise<Transaction> => {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 't', messages: [{ value: 'traced' }] })
    return transaction
  }
  const came = 'published,routed,durable'
  const first = await send()
  await waitFor('the open one is told of', async () => (await kinds()) === came)
  await first.commit()
  assert.equal(await kinds(), `${came},decided committed`)
  const second = await send()
  await second.abort()
  const both = `${came},decided committed,${came},decided aborted`
  await waitFor('the aborted one is told of', async () => (await kinds()) === both)
  await producer.disconnect()
})
