// Random operations with random names, queries and bodies, of any user: none is answered with a fault of the
// broker's, none hangs, and each answer is one that the document describes.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { ApiDocument, type DescribedOperation } from './api-document.ts'
import { type ApiCall, ApiUnderTest, type ApiUser } from './api-under-test.ts'
import { arbitraryOf, segments } from './arbitrary.ts'
import { examples } from './examples.ts'

const api = await ApiUnderTest.start()
after(() => api[Symbol.asyncDispose]())
const document = await ApiDocument.of(api)

/** Mostly the one who may. */
const users = fc.oneof(
  { weight: 3, arbitrary: fc.constant<ApiUser>('own') },
  { weight: 1, arbitrary: fc.constantFrom<ApiUser>('plain', 'management', 'policymaker-outside') },
)

interface RandomCall {
  readonly operation: DescribedOperation
  readonly asked: ApiCall
}

function callsOf(operation: DescribedOperation): fc.Arbitrary<RandomCall> {
  const { method, path, pathNames, query, body } = operation
  const queries = fc.record(
    Object.fromEntries(query.map(({ name, schema }) => [name, arbitraryOf(schema)])),
    { requiredKeys: [] },
  )
  return fc
    .record({
      as: users,
      names: fc.tuple(...pathNames.map(() => segments)),
      query: queries,
      body: body === undefined ? fc.constant(undefined) : arbitraryOf(body),
    })
    .map(({ as, names, query: asked, body: sent }) => {
      const filled = pathNames.reduce(
        (text, name, index) => text.replace(`{${name}}`, () => names[index]!),
        path,
      )
      const parameters = Object.entries(asked).map(([key, value]) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value)
        return `${key}=${encodeURIComponent(text.toWellFormed())}`
      })
      const whole = [filled, ...(parameters.length > 0 ? [parameters.join('&')] : [])].join('?')
      return { operation, asked: { method, path: whole, as, body: sent } }
    })
}

const operations = document.operations.filter(({ key }) => examples[key]?.isTheEnd !== true)

test('random calls are answered as the document says', async () => {
  for (const { key } of operations) await examples[key]?.before?.(api)
  const calls = fc.oneof(...operations.map(callsOf))
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 20 }), async (sequence) => {
      for (const { operation, asked } of sequence) {
        const answer = await api.call(asked)
        assert.notEqual(answer.status, 500, answer.text)
        document.expectDescribed(operation, answer)
      }
    }),
    { numRuns: Number(process.env['PABAL_RANDOM_CALLS'] ?? 100) },
  )
})
