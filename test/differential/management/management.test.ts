// Each call of RabbitMQ's management API that clients and monitors make has the same status from Pabal and from
// RabbitMQ, and the fields that RabbitMQ answers with, of the same types, but for what is accepted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasRabbitmq, startBrokers } from '../start-brokers.ts'
import { whyField, whyStatus } from './accepted.ts'
import { type Answer, playCalls } from './play.ts'
import { lackingIn } from './shape.ts'

const options = { skip: hasRabbitmq ? false : 'needs RabbitMQ: apt-get install rabbitmq-server' }

test('monitors cannot tell Pabal from RabbitMQ', options, async (t) => {
  await using brokers = await startBrokers()
  const [ours, theirs] = await Promise.all([playCalls(brokers.pabal), playCalls(brokers.reference)])
  assert.ok(theirs.length > 200, `${theirs.length} calls`)
  const differences = theirs.flatMap((reference, index) => compare(ours[index]!, reference))
  assert.deepEqual(differences, [])
  t.diagnostic(`${theirs.length} calls`)
})

function compare(ours: Answer, theirs: Answer): string[] {
  const call = describeCall(theirs)
  if (ours.status !== theirs.status) {
    const isMeant = whyStatus(call, ours.status, theirs.status) !== undefined
    return isMeant ? [] : [`${call}\n  ${textOf(ours)}\n  instead of ${textOf(theirs)}`]
  }
  if (theirs.shape === undefined) return []
  if (ours.shape === undefined) return [`${call}\n  ${textOf(ours)}: no JSON`]
  return lackingIn(ours.shape, theirs.shape)
    .filter(({ place }) => whyField(place) === undefined)
    .map(({ told }) => `${call}\n  ${told}`)
}

function describeCall({ call: { method, path, body } }: Answer): string {
  return `${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`
}

function textOf({ status, text }: Answer): string {
  return `${status} ${text.slice(0, 200)}`
}
