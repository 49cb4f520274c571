// What is there now and what it would become, value by value.
import { isDeepStrictEqual } from 'node:util'

/** Of a value that is not there, `from` or `to` is undefined. */
export interface Difference {
  readonly field: string
  readonly from?: unknown
  readonly to?: unknown
}

/** Fields of both, in order; what is an object itself is compared field by field, once. */
export function differencesBetween(before: object, after: object): Difference[] {
  return fieldsThatDiffer(before, after).flatMap(({ field, from, to }) =>
    isRecord(from) && isRecord(to)
      ? fieldsThatDiffer(from, to).map((each) => ({ ...each, field: `${field}.${each.field}` }))
      : [{ field, from, to }],
  )
}

function fieldsThatDiffer(before: object, after: object): Difference[] {
  const values = new Map(Object.entries(before))
  const others = new Map<string, unknown>(Object.entries(after))
  return Array.from(new Set([...values.keys(), ...others.keys()]), (field) => ({
    field,
    from: values.get(field) as unknown,
    to: others.get(field),
  })).filter(({ from, to }) => !isDeepStrictEqual(from, to))
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
