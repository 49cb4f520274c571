// Words of findings: short sentences for people. What stands between backticks is a name.
import { printable } from '../../../lib/printable.ts'

/** `3 queues`, `1 queue`. */
export function many(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `12,345`. */
export function number(count: number): string {
  return Math.round(count).toLocaleString('en')
}

/** A name as somebody can read it; an empty one has nothing to show. */
export function named(name: string): string {
  return `\`${name === '' ? '(empty name)' : printable(name).replaceAll('`', "'")}\``
}

/** One unit: `40 s`, `4 min`, `3 h`, `2 days`. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

/** `1.2 GiB`: sizes are powers of two on all pages and in all commands. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit]}`
}

/** `12/s`, `0.7/s`. */
export function perSecond(rate: number): string {
  return `${rate >= 10 ? number(rate) : Number(rate.toPrecision(2))}/s`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
