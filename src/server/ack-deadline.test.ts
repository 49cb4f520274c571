import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnackedDeliveries } from '../broker/unacked-deliveries.ts'
import { clientLimits } from '../limits/clients.ts'
import { AckDeadline } from './ack-deadline.ts'

function deliveries(ackTimeoutMs: number): {
  readonly look: (now: number) => number | undefined
  readonly deliver: () => void
  readonly ack: (tag: number) => void
} {
  const unacked = new UnackedDeliveries()
  const deadline = new AckDeadline()
  let lastTag = 0
  return {
    look: (now) => deadline.look(unacked, lastTag, now),
    deliver: () => unacked.add(++lastTag, { ackTimeoutMs, settle: () => undefined }, 0),
    ack: (tag) => void unacked.settle(tag, () => undefined),
  }
}

test('a delivery has its time from the first look that sees it, each one its own', () => {
  const { look, deliver, ack } = deliveries(1000)
  deliver()
  assert.equal(look(100), undefined)
  deliver()
  assert.equal(look(600), undefined)
  assert.equal(look(1100), undefined)
  ack(1)
  assert.equal(look(1600), undefined)
  assert.equal(look(1601), 1000)
})

test('nothing unacked is never late, nor what may stay so for ever', () => {
  const { look, deliver, ack } = deliveries(1)
  assert.equal(look(0), undefined)
  deliver()
  look(0)
  ack(1)
  assert.equal(look(10_000), undefined)
  const patient = deliveries(Infinity)
  patient.deliver()
  patient.look(0)
  assert.equal(patient.look(1e12), undefined)
})

test('with more looks than are noted nobody gets less time, and nobody much more', () => {
  const timeoutMs = 10 * clientLimits.ackMarksMax
  const { look, deliver, ack } = deliveries(timeoutMs)
  for (let now = 0; now < timeoutMs; now++) {
    deliver()
    assert.equal(look(now), undefined)
  }
  const soon = timeoutMs / 32
  assert.equal(look(timeoutMs + soon), timeoutMs)
  for (let tag = 1; tag <= 1000; tag++) ack(tag)
  assert.equal(look(timeoutMs + 1000), undefined)
  assert.equal(look(timeoutMs + 1000 + soon), timeoutMs)
})
