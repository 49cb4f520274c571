// Each operation of the OpenAPI document, as a running broker serves it: success, who is refused, what is
// missing, bad input and hostile names. An operation without an example fails.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { decodePart } from '../../src/admin/api/raw-path.ts'
import { ApiDocument, type DescribedOperation, type JsonSchema } from './api-document.ts'
import { type ApiAnswer, ApiUnderTest } from './api-under-test.ts'
import { callOf, type Changed, leastUserFor, refusedUsersFor } from './calls.ts'
import type { Example } from './example.ts'
import { examples } from './examples.ts'
import { brokenSegments, hostileSegments } from './hostile-names.ts'

const api = await ApiUnderTest.start()
after(() => api[Symbol.asyncDispose]())
const document = await ApiDocument.of(api)
const { operations } = document

/** Calls it as its example does, but for what is changed, and expects an answer that is described. */
async function call(
  operation: DescribedOperation,
  example: Example,
  changed: Changed,
): Promise<ApiAnswer> {
  const answer = await api.call(callOf(operation, example, changed))
  document.expectDescribed(operation, answer)
  return answer
}

test('the document is one of OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate({ ...document.json })
  assert.ok(valid, JSON.stringify(errors, undefined, 1))
  const ids = Object.values((document.json as { readonly paths: object }).paths).flatMap(
    (methods) =>
      Object.values(methods as Record<string, { readonly operationId: string }>).map(
        ({ operationId }) => operationId,
      ),
  )
  assert.equal(new Set(ids).size, ids.length)
})

test('each operation has an example, and each example an operation', () => {
  const keys = operations.map(({ key }) => key)
  assert.deepEqual(
    keys.filter((key) => examples[key] === undefined),
    [],
    'add examples for these to test/api/examples/',
  )
  assert.deepEqual(
    Object.keys(examples).filter((key) => !keys.includes(key)),
    [],
    'there are no such operations',
  )
})

let lastAddress = 1

for (const operation of operations) {
  const example = examples[operation.key]
  if (example === undefined) continue
  const { key, access, method, pathNames, body } = operation

  test(`${key} succeeds`, async () => {
    await example.before?.(api)
    const answer = await call(operation, example, { as: example.as ?? leastUserFor(access) })
    assert.equal(answer.status, example.status, answer.text)
    example.check?.(answer.json as never)
  })

  if (access !== 'open') {
    test(`${key} refuses who may not call it`, async () => {
      await example.before?.(api)
      const asked = callOf(operation, example, {})
      const anonymous = await api.call(asked)
      assert.equal(anonymous.status, 401)
      assert.match(anonymous.headers['www-authenticate'] ?? '', /^Basic /)
      document.expectDescribed(operation, anonymous)
      const wrong = `Basic ${Buffer.from('own:wrong').toString('base64')}`
      // An address of its own, which has no wrong logins behind it.
      lastAddress += 1
      const from = `127.0.${lastAddress >> 8}.${lastAddress & 255}`
      const guess = await api.call({ ...asked, from, headers: { authorization: wrong } })
      assert.equal(guess.status, 401)
      document.expectDescribed(operation, guess)
      for (const [as, status] of refusedUsersFor(operation)) {
        const refused = await call(operation, example, { as })
        assert.equal(refused.status, status, `${as}: ${refused.text}`)
      }
    })
  }

  const last = pathNames.at(-1)
  if (last !== undefined && example.missing !== 'none') {
    test(`${key} says what is missing`, async () => {
      await example.before?.(api)
      for (const name of new Set([last, ...pathNames.filter((each) => each === 'vhost')])) {
        const missing = await call(operation, example, { as: 'own', segments: { [name]: 'none' } })
        const expected = name === last ? (example.missing ?? 404) : [400, 404]
        assert.ok([expected].flat().includes(missing.status), `${name}: ${missing.text}`)
      }
    })
  }

  if (body !== undefined) {
    test(`${key} refuses bad bodies`, async () => {
      await example.before?.(api)
      for (const bad of badBodiesFor(operation, example)) {
        const refused = await call(operation, example, { as: 'own', body: bad })
        const told = Buffer.isBuffer(bad) ? bad.toString('latin1') : JSON.stringify(bad)
        assert.equal(refused.status, 400, `${told}: ${refused.text}`)
      }
    })
  }

  if (operation.query.length > 0) {
    test(`${key} refuses what cannot be in a query`, async () => {
      await example.before?.(api)
      for (const { name, schema } of operation.query) {
        for (const value of [
          '',
          'no such value',
          '-1',
          '0',
          '1e99',
          '\0',
          '😀',
          'x'.repeat(5000),
        ]) {
          const isWrong = document.wrongValueFor(schema, [readAs(schema, value)]) !== undefined
          const answer = await call(operation, example, { as: 'own', query: { [name]: value } })
          if (isWrong) assert.equal(answer.status, 400, `${name}=${value}: ${answer.text}`)
          else assert.notEqual(answer.status, 500, answer.text)
        }
      }
    })
  }

  if (pathNames.length > 0) {
    test(`${key} takes hostile names`, async () => {
      for (const name of pathNames) {
        for (const segment of hostileSegments) {
          const answer = await call(operation, example, {
            as: 'own',
            segments: { [name]: segment },
          })
          assert.notEqual(answer.status, 500, answer.text)
        }
        for (const segment of brokenSegments) {
          const asked = callOf(operation, example, { as: 'own', segments: { [name]: segment } })
          assert.equal((await api.call(asked)).status, 404)
        }
      }
    })
  }

  const paths = operations.filter(({ path }) => path === operation.path)
  const methodsThere = new Set(paths.map((each) => each.method))
  const isNamed = pathNames.length > 0
  if (isNamed && method === 'PUT' && methodsThere.has('GET') && methodsThere.has('DELETE')) {
    test(`${key}: what has a hostile name is shown and deleted`, async () => {
      const one = (wanted: string): DescribedOperation =>
        paths.find((each) => each.method === wanted)!
      for (const segment of hostileSegments) {
        await example.before?.(api)
        const changed = { as: 'own', segments: { [last!]: segment } } as const
        const made = await call(operation, example, changed)
        if (made.status === 400) continue
        assert.ok(made.status < 300, made.text)
        const shown = await call(one('GET'), example, changed)
        assert.equal(shown.status, 200, `${segment}: ${shown.text}`)
        assert.ok(stringsIn(shown.json).includes(decodePart(segment)!), `${segment}: ${shown.text}`)
        const deleted = await call(one('DELETE'), { ...example, body: undefined }, changed)
        assert.ok(deleted.status < 300, `${segment}: ${deleted.text}`)
        assert.equal((await call(one('GET'), example, changed)).status, 404)
      }
    })
  }
}

test('a path that is not there is 404, a method that is not 405', async () => {
  assert.equal((await api.call({ method: 'GET', path: '/api/nothing', as: 'own' })).status, 404)
  const refused = await api.call({ method: 'DELETE', path: '/api/whoami', as: 'own' })
  assert.equal(refused.status, 405)
  assert.equal(refused.headers['allow'], 'GET, HEAD')
})

/** No JSON, a key less, and a value of another type for each key. */
function badBodiesFor({ body = {}, isRaw }: DescribedOperation, example: Example): unknown[] {
  if (isRaw) return [Buffer.from('{'), Buffer.from('[]'), Buffer.from('{"a":"\xff"}', 'latin1')]
  const { properties = {}, required = [] } = body as {
    readonly properties?: Readonly<Record<string, Record<string, unknown>>>
    readonly required?: readonly string[]
  }
  const good = example.body as Readonly<Record<string, unknown>>
  const without = required.map((key) =>
    Object.fromEntries(Object.entries(good).filter(([each]) => each !== key)),
  )
  const wrong = Object.entries(properties).flatMap(([key, schema]) => {
    const value = document.wrongValueFor(schema, [5.5, {}, 'wrong', [5], true, null])
    return value === undefined ? [] : [{ ...good, [key]: value }]
  })
  const noJson = ['{', '[]', '"x"', 'null', '{"a":"\xff"}']
  return [...noJson.map((text) => Buffer.from(text, 'latin1')), ...without, ...wrong]
}

/** A parameter is text: where a number is asked for, the number that it reads as, and nothing reads as 0. */
function readAs({ type }: JsonSchema, text: string): unknown {
  return type === 'integer' || type === 'number' ? Number(text) : text
}

function stringsIn(json: unknown): string[] {
  if (typeof json === 'string') return [json]
  if (typeof json !== 'object' || json === null) return []
  return Object.values(json).flatMap(stringsIn)
}
