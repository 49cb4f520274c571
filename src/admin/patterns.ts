// Patterns of permissions as they come in bodies of JSON.
import type { Context } from 'hono'
import { whyUnusable } from '../auth/rights.ts'
import { badRequest, readObject, whyMissing } from './answers.ts'

type Body = Readonly<Record<string, unknown>>

/** Texts of the body by these keys, or the refusal: all but an exchange's name are patterns. */
export async function readPatterns<K extends string>(
  context: Context,
  keys: readonly K[],
): Promise<Record<K, string> | Response> {
  const body = await readObject(context)
  if (body === undefined) return badRequest(context, 'not_json')
  const problem = whyNoPatterns(body, keys)
  return problem === undefined ? textsOf(body, keys) : badRequest(context, problem)
}

/** Why these are no patterns; undefined when they are. */
export function whyNoPatterns(body: Body, keys: readonly string[]): string | undefined {
  const missing = whyMissing(body, keys)
  if (missing !== undefined) return missing
  for (const key of keys) {
    const value = body[key]
    if (typeof value !== 'string') return `${key} must be text`
    const problem = key === 'exchange' ? undefined : whyUnusable(value)
    if (problem !== undefined) {
      return `invalid_regexp: the pattern '${value}' cannot be used: ${problem}`
    }
  }
  return undefined
}

/** To be called for what `whyNoPatterns` has nothing against. */
export function textsOf<K extends string>(body: Body, keys: readonly K[]): Record<K, string> {
  return Object.fromEntries(keys.map((key) => [key, body[key]])) as Record<K, string>
}
