// Calls that come to a node that stood still, or has lost the cell meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingGate } from '../../lib/serving-gate.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { answerCall, callsPath } from './answer-call.ts'
import { decodeMessage, encodeMessage } from './call-message.ts'
import type { CallHandlers } from './calls.ts'

const answer = { content: { ends: 'told' } }
const handlers = { 'transactions.end': async () => answer } as unknown as CallHandlers

function request(name = 'transactions.end'): Request {
  const body = Uint8Array.from(encodeMessage({ content: {} }))
  return new Request(`http://localhost${callsPath}${name}`, { method: 'POST', body })
}

async function contentOf(response: Response | undefined): Promise<unknown> {
  assert.ok(response)
  return decodeMessage(Buffer.from(await response.arrayBuffer())).content
}

test('an answer waits until the node knows that it may serve', async () => {
  const clock = new VirtualClock()
  const gate = new ServingGate(clock)
  let isAnswered = false
  const answering = answerCall(request(), { handlers, gate, isServed: () => true })
  void answering.then(() => {
    isAnswered = true
  })
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
  assert.equal(isAnswered, false)
  gate.openUntil(1000)
  assert.deepEqual(await contentOf(await answering), answer.content)
})

test('a cell that was lost meanwhile says nothing', async () => {
  const gate = new ServingGate(new VirtualClock())
  const answering = answerCall(request(), { handlers, gate, isServed: () => false })
  await new Promise(setImmediate)
  gate.openUntil(1000)
  assert.equal((await answering)?.status, 503)
  const lost = new ServingGate(new VirtualClock())
  lost.lose()
  const never = await answerCall(request(), { handlers, gate: lost, isServed: () => true })
  assert.equal(never?.status, 503)
})

test('what is no call is for others, and a call that nobody knows is refused', async () => {
  const asked = { handlers, gate: undefined, isServed: () => true }
  assert.equal(await answerCall(new Request('http://localhost/api/x'), asked), undefined)
  assert.equal((await answerCall(request('transactions.none'), asked))?.status, 409)
})
