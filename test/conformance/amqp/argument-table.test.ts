// Every row of the table of arguments in docs/compatibility.md, declared at a broker.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inertArguments } from '../../../src/broker/inert-settings.ts'
import { queueArguments, type QueueType } from '../../../src/broker/queue-arguments.ts'
import { table } from '../../../src/record/message/field-table.ts'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import { type ArgumentRow, queueArgumentRows } from '../../support/argument-table.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { exchangeArgumentRows } from '../../support/exchange-argument-table.ts'

const types: readonly QueueType[] = ['classic', 'quorum', 'stream']
const root = path.join(import.meta.dirname, '..', '..', '..')

let lenient: BrokerUnderTest
let strict: BrokerUnderTest
let session: AmqpSession
let strictSession: AmqpSession

describe('queue.declare', onlyPabal, () => {
  before(async () => {
    lenient = await startBrokerUnderTest()
    strict = await startBrokerUnderTest(['--amqp-strict', 'true'])
    session = await AmqpSession.open(lenient.url)
    strictSession = await AmqpSession.open(strict.url)
    for (const each of [session, strictSession]) {
      const channel = await each.channel()
      const options = { arguments: { 'x-queue-type': 'stream' } }
      await channel.assertQueue('argument-source', options)
      await channel.close()
    }
  })
  after(async () => {
    await session[Symbol.asyncDispose]()
    await strictSession[Symbol.asyncDispose]()
    await lenient[Symbol.asyncDispose]()
    await strict[Symbol.asyncDispose]()
  })

  for (const row of queueArgumentRows) {
    const { name, bad, types: takers, isRetired } = row
    for (const type of types) {
      const isTaken = takers.includes(type)
      it(`of a ${type} queue ${isTaken ? 'takes' : 'does not know'} ${name}`, async () => {
        const foreign = (queue: string): string =>
          `PRECONDITION_FAILED - invalid arg '${name}' for queue '${queue}' in vhost '/' ` +
          `of queue type rabbit_${type}_queue`
        const asked = isTaken ? row : { ...row, needs: {} }
        const isRefused = !isTaken && isRetired !== true
        await declare(session, type, asked, isRefused ? foreign : undefined)
        await declare(strictSession, type, asked, isTaken ? undefined : foreign)
      })
    }
    if (bad === undefined) continue
    it(`refuses a bad ${name}`, async () => {
      const [value, reason] = bad
      for (const type of takers) {
        await declare(session, type, { ...row, good: value }, (queue) => {
          return `PRECONDITION_FAILED - invalid arg '${name}' for queue '${queue}' in vhost '/': ${reason}`
        })
      }
    })
  }
})

describe('exchange.declare', onlyPabal, () => {
  before(async () => {
    lenient = await startBrokerUnderTest()
    session = await AmqpSession.open(lenient.url)
  })
  after(async () => {
    await session[Symbol.asyncDispose]()
    await lenient[Symbol.asyncDispose]()
  })

  for (const { name, type, good, bad, besides } of exchangeArgumentRows) {
    it(`of a ${type} exchange takes ${name}, and refuses a bad one`, async () => {
      const exchange = uniqueName('argument')
      const channel = await session.channel()
      await channel.assertExchange(exchange, type, {
        arguments: { ...besides, [name]: good },
      })
      await channel.deleteExchange(exchange)
      const refused = channel.assertExchange(exchange, type, {
        arguments: { ...besides, [name]: bad[0] },
      })
      refused.catch(() => {})
      const error = await channelClosed(channel)
      assert.equal(error.code, 406)
      const text = bad[1].replace('{exchange}', exchange)
      assert.equal(replyText(error), `PRECONDITION_FAILED - ${text}`)
    })
  }
})

describe('the table of arguments', () => {
  for (const type of types) {
    it(`has what a ${type} queue knows, and no more`, () => {
      const rows = queueArgumentRows.filter((row) => row.types.includes(type) && !row.isUnchecked)
      const names = rows.map(({ name }) => name)
      assert.deepEqual(names.toSorted(), Object.keys(queueArguments[type]).toSorted())
    })
  }

  it('says of the same arguments as the log that they have no effect yet', () => {
    const every = table(Object.fromEntries(queueArgumentRows.map(({ name }) => [name, '1'])))
    const warned = (['queue', 'stream'] as const).flatMap((kind) => inertArguments(kind, every))
    const lacking = queueArgumentRows.filter((row) => 'lacks' in row).map(({ name }) => name)
    assert.deepEqual(lacking.toSorted(), warned.map(({ name }) => name).toSorted())
  })

  it('names a test for each effect', () => {
    for (const row of [...queueArgumentRows, ...exchangeArgumentRows]) {
      if (!('proof' in row)) continue
      const { file, test } = row.proof
      const source = readFileSync(path.join(root, file), 'utf8')
      assert.ok(source.includes(`('${test}`), `${row.name}: ${file} has no test '${test}'`)
    }
  })
})

/** Declares a queue with the value of a row: it is there, or refused with that text. */
async function declare(
  opener: AmqpSession,
  type: QueueType,
  { name, good, needs }: ArgumentRow,
  refusal?: (queue: string) => string,
): Promise<void> {
  const queue = uniqueName('argument')
  const channel = await opener.channel()
  const args = { 'x-queue-type': type, ...needs, ...(good === undefined ? {} : { [name]: good }) }
  const declared = channel.assertQueue(queue, { durable: true, arguments: args })
  if (refusal === undefined) {
    await declared
    await channel.deleteQueue(queue)
    await channel.close()
    return
  }
  declared.catch(() => {})
  const error = await channelClosed(channel)
  assert.equal(error.code, 406)
  assert.equal(replyText(error), refusal(queue))
}
