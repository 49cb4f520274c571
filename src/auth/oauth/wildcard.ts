// Patterns of scopes, as RabbitMQ writes them: `*` stands for any characters, what is between is percent-encoded.
import type { NamePattern } from '../../lib/name-pattern.ts'

/** Fits every name. */
export const anyName: NamePattern = () => true

/** A pattern that cannot be decoded fits nothing. */
export function compileWildcard(pattern: string): NamePattern {
  const parts = decodeParts(pattern)
  if (parts === undefined) return () => false
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return (name) => name === first
  const middle = rest.filter((part) => part !== '')
  if (first === '' && last === '' && middle.length === 0) return anyName
  return (name) => {
    if (!name.startsWith(first)) return false
    const end = name.length - last.length
    let at: number = first.length
    for (const part of middle) {
      const found = name.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= end && name.endsWith(last)
  }
}

/** `text` as a part of a pattern that stands for itself. */
export function escapeWildcard(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('*', '%2A')
}

function decodeParts(pattern: string): string[] | undefined {
  try {
    return pattern.split('*').map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
  } catch {
    return undefined
  }
}
