// Delayed messages by HTTP: seen, cancelled, and fired to an AMQP client.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Channel } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: TestBroker
let session: AmqpSession
let channel: Channel
before(async () => {
  broker = await TestBroker.start(['--http-port', '0'])
  session = await AmqpSession.open(broker.url)
  channel = await session.channel()
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

async function ask(method: string, path: string): Promise<[number, unknown]> {
  const url = `http://127.0.0.1:${broker.httpPort}/api/v1/delayed-messages/%2F${path}`
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const response = await fetch(url, { method, headers: { authorization } })
  return [response.status, response.status === 204 ? undefined : await response.json()]
}

interface Listed {
  readonly messages: readonly { place: string; due: number; payload: string; routing_key: string }[]
  readonly next: string | null
}

test('what waits is seen, and one comes now while another never does', async () => {
  await channel.assertExchange('later', 'x-delayed-message', {
    arguments: { 'x-delayed-type': 'direct' },
  })
  await channel.assertQueue('q')
  await channel.bindQueue('q', 'later', 'k')
  for (const [text, delay] of Object.entries({ soon: 600_000, never: 3_600_000 })) {
    channel.publish('later', 'k', Buffer.from(text), { headers: { 'x-delay': delay } })
  }
  await waitFor('both to wait', async () => {
    const [, exchanges] = await ask('GET', '')
    return (exchanges as { messages: number }[])[0]?.messages === 2
  })
  const [, seen] = await ask('GET', '/later')
  const { messages, due } = seen as { messages: number; due: { from: number; messages: number }[] }
  assert.equal(messages, 2)
  assert.equal(
    due.reduce((sum, each) => sum + each.messages, 0),
    2,
  )
  const [, first] = await ask('GET', '/later/messages?count=1')
  const {
    messages: [soon],
    next,
  } = first as Listed
  assert.equal(soon!.payload, 'soon')
  assert.ok(soon!.due > Date.now() + 590_000)
  const [, second] = await ask('GET', `/later/messages?count=1&cursor=${next!}`)
  const never = (second as Listed).messages[0]!
  assert.deepEqual([never.payload, (second as Listed).next], ['never', null])

  assert.equal((await ask('DELETE', `/later/messages/${never.place}`))[0], 204)
  assert.equal((await ask('DELETE', `/later/messages/${never.place}`))[0], 404)
  assert.equal((await ask('POST', `/later/messages/${soon!.place}/fire`))[0], 204)
  const message = await waitFor('the message', () => channel.get('q', { noAck: true }))
  assert.ok(typeof message === 'object' && message.content.toString() === 'soon')
  const [, left] = await ask('GET', '/later')
  assert.deepEqual(left, { messages: 0, due: [] })
  const wrong = ['/none', '/none/messages', '/later/messages?count=0', '/later/messages?cursor=x']
  const statuses = await Promise.all(wrong.map(async (path) => (await ask('GET', path))[0]))
  assert.deepEqual(statuses, [404, 404, 400, 400])
})
