// Values for random calls, as a JSON Schema describes them, and now and then something else.
import fc from 'fast-check'
import type { JsonSchema } from './api-document.ts'
import { hostileSegments } from './hostile-names.ts'

/** What the tests have made, so that some calls are of what is there. */
const names = ['/', 'u', 'v', 'x', 'y', 'p', 'q', 'e', 'kept', 'quorum', 'stream', 'own', '', 'a/b']

const texts = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names, '.*', '^a', '(', 'true', 'classic', 'all') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)

/** A part of a path, encoded. */
export const segments: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names.filter(Boolean)).map(encodeURIComponent) },
  { weight: 1, arbitrary: fc.constantFrom(...hostileSegments) },
  { weight: 1, arbitrary: fc.string({ minLength: 1 }).map(encodeURIComponent) },
)

const anything: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 4 })

/** Mostly what the schema takes. */
export function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: described(schema) }, { weight: 1, arbitrary: anything })
}

function described(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { type, anyOf, items, properties, additionalProperties, enum: values } = schema
  if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]))
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(anyOf)) return fc.oneof(...(anyOf as JsonSchema[]).map(arbitraryOf))
  if (Array.isArray(type)) {
    return fc.oneof(...(type as string[]).map((one) => described({ ...schema, type: one })))
  }
  switch (type) {
    case 'string':
      return texts
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.oneof(fc.integer({ min: -1, max: 20 }), fc.maxSafeInteger())
    case 'number':
      return fc.oneof(fc.integer({ min: -1, max: 20 }), fc.double({ noNaN: true }))
    case 'array':
      return fc.array(arbitraryOf((items as JsonSchema | undefined) ?? {}), { maxLength: 5 })
    case 'object':
      return properties === undefined
        ? fc.dictionary(texts, arbitraryOf((additionalProperties as JsonSchema) || {}))
        : objectOf(schema)
    default:
      return anything
  }
}

function objectOf({ properties, required = [] }: JsonSchema): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties as Readonly<Record<string, JsonSchema>>)
  return fc.record(Object.fromEntries(fields.map(([key, value]) => [key, arbitraryOf(value)])), {
    requiredKeys: required as string[],
  })
}
