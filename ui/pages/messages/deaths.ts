// The way of a message through queues in which it died, as its header `x-death` tells it.
import { headersOf, plainValue, textOf, type WholeMessage } from './message.ts'

export interface Death {
  readonly queue: string
  readonly reason: string
  /** How often it died there of that. */
  readonly count: number
  /** The first time, in milliseconds since the Unix epoch. */
  readonly time: number | undefined
  readonly exchange: string
  readonly routingKeys: readonly string[]
  /** A time to live of its own that had ended it. */
  readonly expiration: string | undefined
}

/** The oldest first. */
export function deathsOf(message: WholeMessage): Death[] {
  const header = headersOf(message).find(({ name }) => name === 'x-death')
  const list = header === undefined ? undefined : plainValue(header)
  if (!Array.isArray(list)) return []
  return list
    .filter((entry) => typeof entry === 'object' && entry !== null)
    .map((entry) => deathOf(entry as Readonly<Record<string, unknown>>))
    .toReversed()
}

function deathOf(entry: Readonly<Record<string, unknown>>): Death {
  const { 'routing-keys': keys, 'original-expiration': expiration, time } = entry
  const seconds = Number(time)
  return {
    queue: textOf(entry['queue']),
    reason: textOf(entry['reason']),
    count: Number(entry['count'] ?? 1),
    time: time === undefined || Number.isNaN(seconds) ? undefined : seconds * 1000,
    exchange: textOf(entry['exchange']),
    routingKeys: Array.isArray(keys) ? keys.map(textOf) : [],
    expiration: expiration === undefined ? undefined : textOf(expiration),
  }
}

const words: Readonly<Record<string, string>> = {
  rejected: 'rejected by a consumer',
  expired: 'expired',
  maxlen: 'dropped, as the queue was full',
  delivery_limit: 'came back too often',
}

export function reasonText(reason: string): string {
  return words[reason] ?? reason
}
