// What a client sees of a message, without what no two brokers have in common: times, tags.
import type { Message } from 'amqplib'

export function describeMessage({ fields, properties, content }: Message): string {
  const { exchange, routingKey } = fields as { exchange: string; routingKey: string }
  const isRedelivered = (fields as { redelivered?: boolean }).redelivered === true
  const known = Object.entries({ ...properties } as Record<string, unknown>).filter(
    ([name, value]) => value !== undefined && name !== 'headers',
  )
  // RabbitMQ has the headers of the last death from 3.13 on.
  const headers = Object.entries((properties.headers ?? {}) as Record<string, unknown>).filter(
    ([name]) => !name.startsWith('x-last-death-'),
  )
  const parts = [
    content.toString(),
    `from ${exchange}/${routingKey}`,
    ...(isRedelivered ? ['redelivered'] : []),
    ...known.map(([name, value]) => `${name}=${String(value)}`),
    ...headers.map(([name, value]) => `${name}=${JSON.stringify(withoutTime(value))}`).toSorted(),
  ]
  return parts.join(' ')
}

/** Deaths carry the time of the first, and what else they carry in any order. */
function withoutTime(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.map((each: unknown) => {
    if (typeof each !== 'object' || each === null) return each
    const entries = Object.entries(each).filter(([name]) => name !== 'time')
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
