// Filters as people write them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addTerm, readFilter, termsOf } from './filter-terms.ts'

const now = 10_000_000

function read(...terms: readonly string[]): object {
  let filter = {}
  for (const term of terms) {
    const result = addTerm(filter, term, now)
    if ('problem' in result) return result
    filter = result.filter
  }
  return filter
}

test('each kind of term is what it says', () => {
  assert.deepEqual(read('A-113'), { text: 'A-113' })
  assert.deepEqual(read('a = b'), { text: 'a = b' })
  assert.deepEqual(read('$.items[0].price > 10.5'), {
    json: [{ path: '$.items[0].price', is: 'greater', value: 10.5 }],
  })
  assert.deepEqual(read('$.a', '$[\'b c\'] = "17"', '$.c=true', '$.d ~ x'), {
    json: [
      { path: '$.a', is: 'exists' },
      { path: "$['b c']", is: 'equals', value: '17' },
      { path: '$.c', is: 'equals', value: true },
      { path: '$.d', is: 'contains', value: 'x' },
    ],
  })
  assert.deepEqual(read('header.x-tries < 3', 'h.tenant=acme', 'header.seen'), {
    headers: [
      { name: 'x-tries', is: 'less', value: 3 },
      { name: 'tenant', is: 'equals', value: 'acme' },
      { name: 'seen', is: 'exists' },
    ],
  })
  assert.deepEqual(read('key=k', 'routing-key = ^o', 'id = 1', 'died = rejected', 'died-in=q'), {
    key: 'k',
    routing_key: '^o',
    message_id: '1',
    death_reason: 'rejected',
    death_queue: 'q',
  })
  assert.deepEqual(read('state = ready, dead'), { states: ['ready', 'dead'] })
  assert.deepEqual(read('since = 1h', 'until = 1970-01-01T00:00:05Z'), {
    since: now - 3_600_000,
    until: 5000,
  })
})

test('what makes no sense is told', () => {
  for (const term of ['state = gone', 'since = soon', '$.a > b', 'key > 3']) {
    assert.ok('problem' in read(term), term)
  }
})

test('chips say the same again, and each goes alone', () => {
  const written = ['$.a > 1', '$.b = "17"', 'header.c', 'key = k', 'state = ready']
  const filter = read('x', ...written)
  const terms = termsOf(filter, String)
  assert.deepEqual(terms.map(({ text }) => text).toSorted(), ['“x”', ...written].toSorted())
  for (const { text, without } of terms) {
    const left = termsOf(without, String).map((term) => term.text)
    assert.equal(left.length, terms.length - 1)
    assert.ok(!left.includes(text))
  }
  assert.deepEqual(readFilter(JSON.stringify(filter)), filter)
  assert.deepEqual(readFilter('['), {})
})
