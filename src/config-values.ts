// The kinds of value a setting can have. Each accepts the typed form (from YAML or from code) and the
// text form (from a flag or the environment), and says in plain words what it wanted.
import { z } from 'zod'

/** A TCP port, 0 for any free one, or `off` for no listener. */
export type Port = number | 'off'

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

function parseNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
}

function parseSize(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const match = /^(\d{1,12})\s*([a-z]{0,3})$/i.exec(value.trim())
  const unit = units[match?.[2]?.toLowerCase() ?? '']
  return match === null || unit === undefined ? value : Number(match[1]) * unit
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  const message = `must be a whole number from ${min} to ${max}`
  return z.preprocess(parseNumber, z.int(message).min(min, message).max(max, message))
}

/** A number of bytes from `min` to `max`, written plainly or with a unit (`16MiB`). */
export function size(min: number, max: number): z.ZodType<number> {
  const message = `must be a size from ${formatSize(min)} to ${formatSize(max)}, such as 16MiB`
  return z.preprocess(parseSize, z.int(message).min(min, message).max(max, message))
}

/** A TCP port, 0 or `off`. */
export function port(): z.ZodType<Port> {
  const message = 'must be a port from 0 to 65535 (0 picks a free one) or off'
  const number = z.int(message).min(0, message).max(65_535, message)
  return z.preprocess(parseNumber, z.union([z.literal('off'), number], message))
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word> {
  return z.enum(words, `must be one of ${words.join(', ')}`)
}

/** Text that is not empty. */
export function text(): z.ZodType<string> {
  return z.string('must be text').min(1, 'must not be empty')
}

/** A list in YAML; comma-separated in a flag or variable. */
export function list(): z.ZodType<readonly string[]> {
  const split = (value: unknown): unknown =>
    typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value
  return z.preprocess(split, z.array(text(), 'must be a list'))
}

/** `16MiB` for 16,777,216: the largest unit that divides it. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return `${bytes}B`
}
