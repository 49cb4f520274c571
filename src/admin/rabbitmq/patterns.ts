// Patterns of permissions as they come in bodies of JSON.
import { whyUnusable } from '../../auth/rights.ts'
import { whyMissing } from '../answers.ts'

type Body = Readonly<Record<string, unknown>>

/** Why these are no patterns, but for an exchange's name; undefined when they are. */
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
