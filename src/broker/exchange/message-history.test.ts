import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerLimits } from '../../limits/broker.ts'
import { logLimits } from '../../limits/log.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { emptyTable, FieldTable, type FieldValue, table } from '../../record/message/field-table.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { MessageHistory } from './message-history.ts'

function sourceOf(body: Buffer, headers: FieldTable = emptyTable): RecordSource {
  const header = encodeContentHeader(body.length, { headers })
  return sourceFrom({ address: encodeAddress('x', 'k'), header, body })
}

function textsOf(history: MessageHistory): string[] {
  return history
    .messages()
    .map(({ body, bodyStart, bodyEnd }) => body.toString('latin1', bodyStart, bodyEnd))
}

function lengthOf(value: FieldValue): FieldTable {
  return FieldTable.from([['x-recent-history-length', value]])
}

test('remembers the last twenty, or as many as the argument says', () => {
  const usual = new MessageHistory(emptyTable, { size: 0 })
  const short = new MessageHistory(lengthOf({ type: 'signedint', value: 2 }), { size: 0 })
  const texts = Array.from({ length: 25 }, (_, index) => `m${index}`)
  for (const text of texts) {
    usual.add(sourceOf(Buffer.from(text)))
    short.add(sourceOf(Buffer.from(text)))
  }
  assert.deepEqual(textsOf(usual), texts.slice(-20))
  assert.deepEqual(textsOf(short), texts.slice(-2))
})

test('keeps copies: the memory of the publisher is used again', () => {
  const history = new MessageHistory(emptyTable, { size: 0 })
  const source = sourceOf(Buffer.from('first'))
  history.add(source)
  source.body.fill('x')
  source.address.fill(0)
  source.header.fill(0)
  assert.deepEqual(textsOf(history), ['first'])
  assert.deepEqual(history.messages()[0]?.address, encodeAddress('x', 'k'))
})

test('leaves out what says so, and bodies that are in files of their own', () => {
  const history = new MessageHistory(emptyTable, { size: 0 })
  const noStore = (value: FieldValue): FieldTable =>
    FieldTable.from([['x-recent-history-no-store', value]])
  history.add(sourceOf(Buffer.from('secret'), noStore({ type: 'bool', value: true })))
  history.add(sourceOf(Buffer.from('false'), noStore({ type: 'bool', value: false })))
  history.add(sourceOf(Buffer.from('text'), table({ 'x-recent-history-no-store': 'true' })))
  history.add(sourceOf(Buffer.alloc(logLimits.inlineBodySizeMax + 1)))
  assert.deepEqual(textsOf(history), ['false', 'text'])
})

test('is bounded in bytes, its own and those of all together', () => {
  const args = lengthOf({ type: 'long', value: 1_000_000 })
  const budget = { size: 0 }
  const body = Buffer.alloc(logLimits.inlineBodySizeMax)
  const histories = Array.from({ length: 5 }, () => new MessageHistory(args, budget))
  for (const history of histories)
    for (let count = 0; count < 20; count++) history.add(sourceOf(body))
  const perHistory = Math.floor(
    brokerLimits.historySizeMax / (body.length + brokerLimits.keptMessageSize),
  )
  assert.equal(histories[0]?.messages().length, perHistory)
  assert.ok(budget.size <= brokerLimits.historiesSizeMax)
  for (const history of histories) history.close()
  assert.equal(budget.size, 0)
})

for (const [value, shown] of [
  [{ type: 'signedint', value: 0 }, '0'],
  [{ type: 'signedint', value: -5 }, '-5'],
  [{ type: 'longstr', value: '20' }, '<<"20">>'],
] as const) {
  test(`refuses a length of ${shown}`, () => {
    const message = `Invalid argument ${shown}, 'x-recent-history-length' must be a positive integer`
    assert.throws(() => new MessageHistory(lengthOf(value), { size: 0 }), {
      code: 'precondition_failed',
      message,
    })
  })
}
