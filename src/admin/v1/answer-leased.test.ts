import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { Hono } from 'hono'
import { leaseLimits } from '../../limits/leases.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { answerLeased } from './answer-leased.ts'

let clock: VirtualClock
let sentCount: number
beforeEach(() => {
  clock = new VirtualClock()
  sentCount = 0
})

async function answer(...payloads: readonly Buffer[]): Promise<Response> {
  const messages = payloads.map((payload, index) => ({
    receipt: `r${index}`,
    message: {
      exchange: 'x',
      routingKey: '"key"',
      properties: { contentType: 'text/plain' },
      returnCount: 0,
      isRedelivered: false,
      leftCount: 7,
      payload,
      payloadSize: payload.length,
    },
  }))
  const app = new Hono()
  app.get('/', (context) => answerLeased(context, { messages, onSent: () => sentCount++ }, clock))
  return app.request('/')
}

const { wholePayloadSizeMax, partSize, partMsMax } = leaseLimits

test('a small answer is one text, and sent at once', async () => {
  const response = await answer(Buffer.from('a'), Buffer.alloc(wholePayloadSizeMax))
  assert.equal(sentCount, 1)
  const { messages } = (await response.json()) as { messages: object[] }
  assert.equal(messages.length, 2)
})

test('a large one in parts says the same, whatever its size is', async () => {
  for (const more of [1, 2, 3, partSize]) {
    sentCount = 0
    const payload = Buffer.alloc(wholePayloadSizeMax + more, 'pabal')
    const response = await answer(Buffer.from('a'), payload)
    assert.equal(sentCount, 0)
    const { messages } = (await response.json()) as { messages: Record<string, unknown>[] }
    assert.equal(sentCount, 1)
    const { payload: text, ...facts } = messages[1]!
    assert.ok(Buffer.from(text as string, 'base64').equals(payload))
    assert.deepEqual(facts, {
      receipt: 'r1',
      payload_bytes: payload.length,
      redelivered: false,
      exchange: 'x',
      routing_key: '"key"',
      message_count: 7,
      properties: { content_type: 'text/plain' },
      payload_encoding: 'base64',
    })
  }
  clock.advance(2 * partMsMax)
  assert.equal(sentCount, 1)
})

test('who does not take the next part, or takes none any more, is not waited for', async () => {
  const payload = Buffer.alloc(wholePayloadSizeMax + 1)
  const stalled = await answer(payload)
  const reader = stalled.body!.getReader()
  await reader.read()
  clock.advance(partMsMax - 1)
  assert.equal(sentCount, 0)
  await reader.read()
  clock.advance(partMsMax - 1)
  assert.equal(sentCount, 0)
  clock.advance(1)
  assert.equal(sentCount, 1)
  await (await answer(payload)).body?.cancel()
  assert.equal(sentCount, 2)
})
