// Section 2, redeclare: what must be the same when a queue or exchange is declared again, with the
// exact texts. Where both have the argument, RabbitMQ shows the values without their types.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type BrokerUnderTest,
  onRabbit310,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import { encodeTable, type RawArguments, type RawTable } from '../../support/raw-codec.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

interface Redeclare {
  readonly case: string
  readonly first: RawArguments
  readonly second: RawArguments
  /** The part after the resource; undefined = the second declare succeeds. */
  readonly text?: { readonly arg: string; readonly received: string }
  readonly rabbitmq310?: string
}

const args = (table: RawTable): RawArguments => ({ arguments: encodeTable(table) })

const queueCases: readonly Redeclare[] = [
  { case: 'the same', first: { durable: true }, second: { durable: true } },
  {
    case: 'durable added',
    first: {},
    second: { durable: true },
    text: { arg: 'durable', received: "'true' but current is 'false'" },
  },
  {
    case: 'durable left out',
    first: { durable: true },
    second: {},
    text: { arg: 'durable', received: "'false' but current is 'true'" },
  },
  {
    case: 'auto-delete added',
    first: {},
    second: { autoDelete: true },
    text: { arg: 'auto_delete', received: "'true' but current is 'false'" },
  },
  {
    case: 'an argument of another value and width',
    first: args({ 'x-message-ttl': ['l', 10_000_000] }),
    second: args({ 'x-message-ttl': ['I', 5_000_000] }),
    text: {
      arg: 'x-message-ttl',
      received: "'5000000' but current is '10000000'",
    },
  },
  {
    case: 'an argument added',
    first: {},
    second: args({ 'x-max-length': ['I', 5] }),
    text: {
      arg: 'x-max-length',
      received: "the value '5' of type 'signedint' but current is none",
    },
  },
  {
    case: 'an argument left out',
    first: args({ 'x-max-length': ['I', 5] }),
    second: {},
    text: {
      arg: 'x-max-length',
      received: "none but current is the value '5' of type 'signedint'",
    },
  },
  {
    // Up to 4.3.1 nothing looks at it when a queue is declared (rabbitmq-server#9266, #16555).
    case: 'another x-consumer-timeout, and one that is no integer',
    first: args({ 'x-consumer-timeout': ['I', 10_000] }),
    second: args({ 'x-consumer-timeout': ['d', 1.8e6] }),
  },
  {
    case: 'a string argument of another value',
    first: args({ 'x-dead-letter-exchange': ['S', 'a'] }),
    second: args({ 'x-dead-letter-exchange': ['S', 'b'] }),
    text: {
      arg: 'x-dead-letter-exchange',
      received: "'b' but current is 'a'",
    },
  },
  {
    case: 'the same number in another width',
    first: args({ 'x-max-length': ['I', 5] }),
    second: args({ 'x-max-length': ['s', 5] }),
  },
  {
    case: 'the same number as unsigned',
    first: args({ 'x-expires': ['i', 600_000] }),
    second: args({ 'x-expires': ['l', 600_000] }),
  },
  {
    case: 'another value of an argument nobody knows',
    first: args({ 'x-my-own': ['S', 'a'] }),
    second: args({ 'x-my-own': ['S', 'b'] }),
  },
  {
    case: 'x-queue-type classic added to a queue without',
    first: { durable: true },
    second: { durable: true, ...args({ 'x-queue-type': ['S', 'classic'] }) },
  },
  {
    case: 'x-queue-type classic left out',
    first: { durable: true, ...args({ 'x-queue-type': ['S', 'classic'] }) },
    second: { durable: true },
  },
]

const exchangeCases: readonly Redeclare[] = [
  { case: 'the same', first: { type: 'topic' }, second: { type: 'topic' } },
  {
    case: 'another type',
    first: { type: 'topic' },
    second: { type: 'direct' },
    text: { arg: 'type', received: "'direct' but current is 'topic'" },
  },
  {
    case: 'durable added',
    first: { type: 'direct' },
    second: { type: 'direct', durable: true },
    text: { arg: 'durable', received: "'true' but current is 'false'" },
  },
  {
    case: 'auto-delete added',
    first: { type: 'direct' },
    second: { type: 'direct', autoDelete: true },
    text: { arg: 'auto_delete', received: "'true' but current is 'false'" },
  },
  {
    case: 'internal added',
    first: { type: 'direct' },
    second: { type: 'direct', internal: true },
    text: { arg: 'internal', received: "'true' but current is 'false'" },
  },
  {
    case: 'an alternate exchange added',
    first: { type: 'direct' },
    second: { type: 'direct', ...args({ 'alternate-exchange': ['S', 'other'] }) },
    text: {
      arg: 'alternate-exchange',
      received: "the value 'other' of type 'longstr' but current is none",
    },
  },
  {
    case: 'an argument nobody knows added',
    first: { type: 'direct' },
    second: { type: 'direct', ...args({ 'x-my-own': ['S', 'b'] }) },
  },
]

async function assertRedeclare(kind: 'queue' | 'exchange', row: Redeclare): Promise<void> {
  await using client = await RawClient.openChannel(broker.port)
  const name = uniqueName('redeclared')
  await client.call(1, `${kind}.declare`, { [kind]: name, ...row.first })
  try {
    client.send(1, `${kind}.declare`, { [kind]: name, ...row.second })
    if (!row.text) {
      await client.expect(1, `${kind}.declare-ok`)
      return
    }
    assert.deepEqual(await client.expectClose(1), {
      scope: 'channel',
      code: 406,
      text:
        `PRECONDITION_FAILED - inequivalent arg '${row.text.arg}' for ` +
        `${kind} '${name}' in vhost '/': received ${row.text.received}`,
      classId: kind === 'queue' ? 50 : 40,
      methodId: 10,
    })
  } finally {
    await client.call(2, 'channel.open')
    await client.call(2, `${kind}.delete`, { [kind]: name })
  }
}

describe('declaring a queue again', () => {
  for (const row of queueCases)
    it(
      `with ${row.case} ${row.text ? 'is refused' : 'succeeds'}`,
      onRabbit310(row.rabbitmq310),
      () => assertRedeclare('queue', row),
    )
})

describe('declaring an exchange again', () => {
  for (const row of exchangeCases)
    it(
      `with ${row.case} ${row.text ? 'is refused' : 'succeeds'}`,
      onRabbit310(row.rabbitmq310),
      () => assertRedeclare('exchange', row),
    )
})

describe('declaring passively', () => {
  it('a queue compares nothing', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = uniqueName('passive')
    await client.call(1, 'queue.declare', { queue, autoDelete: true })
    const table = encodeTable({ 'x-max-length': ['I', 1] })
    await client.call(1, 'queue.declare', { queue, passive: true, durable: true, arguments: table })
    await client.call(1, 'queue.delete', { queue })
  })

  it('an exchange compares nothing', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(1, 'exchange.declare', {
      exchange: 'amq.topic',
      type: 'fanout',
      passive: true,
      autoDelete: true,
    })
  })
})
