// Each condition of a filter, and that nothing in a message can break one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { type FieldInput, table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { BrokerError } from '../broker-error.ts'
import { compileJsonPath } from './json-path.ts'
import { compileFilter, type FilterAsked, type Looked } from './message-filter.ts'

interface Message {
  readonly exchange?: string
  readonly routingKey?: string
  readonly headers?: { readonly [name: string]: FieldInput }
  readonly body?: string
  readonly timestamp?: number
  readonly state?: Looked['state']
  readonly hasBody?: boolean
}

function looked(message: Message): Looked {
  const { exchange = 'orders', routingKey = 'new', headers, body = '', timestamp = 0 } = message
  const view = new RecordView()
  const address = encodeAddress(exchange, routingKey)
  const properties = headers === undefined ? {} : { headers: table(headers) }
  const header = encodeContentHeader(body.length, properties)
  view.buffer = Buffer.concat([address, header])
  view.headerStart = address.length
  view.headerEnd = view.buffer.length
  view.body = Buffer.from(body)
  view.bodyEnd = view.body.length
  view.timestamp = timestamp
  return { view, hasBody: message.hasBody ?? true, state: message.state ?? 'ready' }
}

const found = (asked: FilterAsked, message: Message): boolean =>
  compileFilter(asked)(looked(message))

test('a text is found as bytes in the payload', () => {
  assert.ok(found({ text: 'Zürich' }, { body: 'from Zürich to Bern' }))
  assert.ok(!found({ text: 'zürich' }, { body: 'from Zürich to Bern' }))
  assert.ok(!found({ text: 'a' }, { body: 'a', hasBody: false }))
})

test('headers are compared by value', () => {
  const headers = { tries: 3, from: 'shop-7', isTest: false, more: { a: 1 } }
  const is = (name: string, rest: Pick<FilterAsked['headers'] & object, never> & object): boolean =>
    found({ headers: [{ name, is: 'exists', ...rest }] }, { headers })
  assert.ok(is('tries', { is: 'equals', value: 3 }))
  assert.ok(!is('tries', { is: 'equals', value: '3' }))
  assert.ok(is('tries', { is: 'greater', value: 2 }))
  assert.ok(!is('tries', { is: 'less', value: 3 }))
  assert.ok(is('from', { is: 'contains', value: 'shop' }))
  assert.ok(is('isTest', { is: 'equals', value: false }))
  assert.ok(is('more', {}))
  assert.ok(!is('more', { is: 'equals', value: 'x' }))
  assert.ok(!is('absent', {}))
  assert.ok(!found({ headers: [{ name: 'a', is: 'exists' }] }, {}))
})

test('paths lead into JSON', () => {
  const body = JSON.stringify({
    id: 17,
    items: [{ 'unit price': 5 }, { 'unit price': 90 }],
    z: null,
  })
  const is = (path: string, rest: object): boolean =>
    found({ json: [{ path, is: 'exists', ...rest }] }, { body })
  assert.ok(is('$.id', { is: 'equals', value: 17 }))
  assert.ok(is("$.items[*]['unit price']", { is: 'greater', value: 80 }))
  assert.ok(!is("$.items[0]['unit price']", { is: 'greater', value: 80 }))
  assert.ok(is('$.items[-1]["unit price"]', { is: 'equals', value: 90 }))
  assert.ok(is('$.z', { is: 'equals', value: null }))
  assert.ok(!is('$.items.length', {}))
  assert.ok(!is('$.toString', {}))
  assert.ok(!found({ json: [{ path: '$.a', is: 'exists' }] }, { body: 'no json' }))
  for (const path of ['', 'a', '$a', '$[', '$[x]', "$['a", '$..a', '$.', `$${'.a'.repeat(33)}`]) {
    assert.equal(compileJsonPath(path), undefined, path)
  }
  assert.deepEqual(compileJsonPath('$')!(3), [3])
  assert.deepEqual(compileJsonPath(String.raw`$['it\'s']`)!({ "it's": 1 }), [1])
})

test('where a message came by, its key, its state and its time count', () => {
  assert.ok(found({ exchange: '^ord', routingKey: '^new$' }, {}))
  assert.ok(!found({ exchange: '^ord', routingKey: '^old$' }, {}))
  assert.ok(found({ key: 'new' }, {}))
  assert.ok(found({ key: 'k' }, { headers: { 'x-key': 'k' } }))
  assert.ok(!found({ key: 'new' }, { headers: { 'x-key': 'k' } }))
  assert.ok(!found({ states: ['unacked', 'acked'] }, { state: 'ready' }))
  assert.ok(found({ since: 10, until: 11 }, { timestamp: 10 }))
  assert.ok(!found({ since: 11 }, { timestamp: 10 }))
  assert.ok(!found({ until: 10 }, { timestamp: 10 }))
})

test('deaths are found by reason and queue, the first or the last', () => {
  const headers = {
    'x-first-death-queue': 'orders',
    'x-first-death-reason': 'rejected',
    'x-last-death-queue': 'retry',
    'x-last-death-reason': 'expired',
  }
  for (const deathQueue of ['orders', 'retry']) assert.ok(found({ deathQueue }, { headers }))
  assert.ok(!found({ deathQueue: 'others' }, { headers }))
  assert.ok(found({ deathReason: 'rejected', deathQueue: 'orders' }, { headers }))
  assert.ok(!found({ deathReason: 'maxlen' }, { headers }))
})

test('what makes no sense is refused in words', () => {
  const refused: readonly (readonly [FilterAsked, RegExp])[] = [
    [{ exchange: '(' }, /pattern of the exchange/],
    [{ headers: [{ name: 'a', is: 'equals' }] }, /needs a value/],
    [{ headers: [{ name: 'a', is: 'contains', value: 3 }] }, /needs a text/],
    [{ json: [{ path: '$.a', is: 'less', value: 'x' }] }, /needs a number/],
    [{ json: [{ path: 'a', is: 'exists' }] }, /is no path/],
    [{ text: 'a'.repeat(5000) }, /more than 4096/],
    [{ headers: Array.from({ length: 17 }, () => ({ name: 'a', is: 'exists' })) }, /16 conditions/],
  ]
  for (const [asked, text] of refused) {
    assert.throws(
      () => compileFilter(asked),
      (error) => error instanceof BrokerError && text.test(error.message),
    )
  }
})

test('no payload and no path makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.json(), fc.string()), (name, body) => {
      const path = `$['${name.replaceAll(/['\\]/g, String.raw`\$&`)}'][*]`
      assert.equal(typeof found({ json: [{ path, is: 'exists' }] }, { body }), 'boolean')
      compileJsonPath(name)
    }),
    { numRuns: 300 },
  )
})
