import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobBody } from './job-json.ts'

const withHeaders = (headers: string): unknown =>
  JSON.parse(`{"kind": "copy", "queue": "q", "edit": {"set_headers": ${headers}}}`)

test('headers that an edit sets keep names that JavaScript has uses for', () => {
  const { edit } = jobBody.parse(withHeaders('{"__proto__": "a", "constructor": 1, "x": null}'))
  assert.deepEqual(Object.entries(edit?.set_headers ?? {}), [
    ['__proto__', 'a'],
    ['constructor', 1],
    ['x', null],
  ])
})

test('headers that an edit sets are texts, numbers, booleans or null by name', () => {
  for (const headers of ['[]', '"x"', '1', 'null', '{"x": {}}', '{"x": ["a"]}']) {
    assert.equal(jobBody.safeParse(withHeaders(headers)).success, false, headers)
  }
})
