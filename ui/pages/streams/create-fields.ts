// What may be said of a stream that is being made: fields of the form, and the arguments that come of them.

export type StreamKind = 'queue' | 'quorum' | 'topic'

export interface CreateField {
  readonly key: string
  readonly label: string
  readonly hint: string
  /** How its text is read. */
  readonly read: 'number' | 'time' | 'age' | 'text' | 'size'
  readonly kinds: readonly StreamKind[]
  readonly placeholder?: string
}

const queues: readonly StreamKind[] = ['queue', 'quorum']

export const createFields: readonly CreateField[] = [
  {
    key: 'x-max-length',
    label: 'At most so many messages',
    hint: 'Above it the oldest go, or to dead letters',
    read: 'number',
    kinds: queues,
    placeholder: 'no limit',
  },
  {
    key: 'x-message-ttl',
    label: 'Messages live for',
    hint: '30s, 5m, 12h, 7d; then they go, or to dead letters',
    read: 'time',
    kinds: queues,
    placeholder: 'ever',
  },
  {
    key: 'x-dead-letter-routing-key',
    label: 'Dead letters go to the queue',
    hint: 'Rejected, expired and pushed-out messages; left out, they are dropped',
    read: 'text',
    kinds: queues,
    placeholder: 'nowhere',
  },
  {
    key: 'x-delivery-limit',
    label: 'Deliveries of a message',
    hint: 'Dead when it came back more often; -1 for any number',
    read: 'number',
    kinds: ['quorum'],
    placeholder: '20',
  },
  {
    key: 'x-max-priority',
    label: 'Priorities from 0 to',
    hint: 'Up to 255; a few are enough',
    read: 'number',
    kinds: ['queue'],
    placeholder: 'none',
  },
  {
    key: 'x-retention-ms',
    label: 'Acked messages are kept for',
    hint: 'So that the queue can be rewound: 1h, 7d',
    read: 'time',
    kinds: queues,
    placeholder: 'not kept',
  },
  {
    key: 'x-source',
    label: 'Takes its messages from the topic',
    hint: 'Each of its records is delivered and acked here, as in a queue',
    read: 'text',
    kinds: queues,
    placeholder: 'none',
  },
  {
    key: 'x-partitions',
    label: 'Partitions',
    hint: 'As many members of a group read it side by side. More can be added, never fewer',
    read: 'number',
    kinds: ['topic'],
    placeholder: '1',
  },
  {
    key: 'x-max-age',
    label: 'Messages are kept for',
    hint: '12h, 7d, 30d',
    read: 'age',
    kinds: ['topic'],
    placeholder: 'ever',
  },
  {
    key: 'x-max-length-bytes',
    label: 'At most so many bytes a partition',
    hint: '500 MB, 10 GB',
    read: 'size',
    kinds: ['topic'],
    placeholder: 'no limit',
  },
]

export interface CreateAsked {
  readonly kind: StreamKind
  readonly isTransient: boolean
  readonly isSingleActive: boolean
  /** What is typed into fields, by key. */
  readonly texts: Readonly<Record<string, string>>
}

export type CreateArguments = Readonly<Record<string, string | number | boolean>>

/** What the broker is asked with, or what is wrong with a field, by its key. */
export function readCreate(asked: CreateAsked): {
  readonly arguments: CreateArguments
  readonly problems: Readonly<Record<string, string>>
} {
  const args: Record<string, string | number | boolean> = {}
  const problems: Record<string, string> = {}
  if (asked.kind !== 'queue') args['x-queue-type'] = asked.kind === 'topic' ? 'stream' : 'quorum'
  for (const field of createFields) {
    const text = asked.texts[field.key]?.trim() ?? ''
    if (text === '' || !field.kinds.includes(asked.kind)) continue
    const value = readField(field, text)
    if (value === undefined) problems[field.key] = `Not understood: ${field.hint}`
    else args[field.key] = value
  }
  // Without an exchange there would be no dead letters: the default one leads to queues by name.
  if (args['x-dead-letter-routing-key'] !== undefined) args['x-dead-letter-exchange'] = ''
  if (asked.isSingleActive && asked.kind !== 'topic') args['x-single-active-consumer'] = true
  return { arguments: args, problems }
}

function readField({ read }: CreateField, text: string): string | number | undefined {
  if (read === 'text') return text
  if (read === 'number') return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
  if (read === 'size') return readSize(text)
  const ms = readTime(text)
  if (ms === undefined) return undefined
  return read === 'time' ? ms : `${Math.max(1, Math.round(ms / 1000))}s`
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Milliseconds of `90s`, `1h 30m`, or of a bare number; undefined for what is no time. */
export function readTime(text: string): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  if (!/^(?:\d+(?:\.\d+)?\s*(?:ms|s|min|m|h|d|w)\s*)+$/.test(text)) return undefined
  let sum = 0
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|min|[smhdw])/g)) {
    sum += Number(number) * (units[unit] ?? 0)
  }
  return Math.round(sum)
}

/** Bytes of `500 MB`, `2 GiB`, or of a bare number. */
export function readSize(text: string): number | undefined {
  const [, number, prefix = '', binary] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?$/i.exec(text) ?? []
  if (number === undefined) return undefined
  const power = 'KMGT'.indexOf(prefix.toUpperCase()) + 1
  return Math.round(Number(number) * (binary === '' ? 1000 : 1024) ** (prefix === '' ? 0 : power))
}
