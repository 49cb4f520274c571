// Where a dead letter came from, as its headers say: `x-death`, the latest death first, and
// `x-first-death-*`; else the topic that programs of Kafka name which publish what they cannot process.
// A client may have written them (after a shovel, say), so whoever acts on them asks for the rights to do so.
import { readHeaders } from '../../record/message/content-header.ts'
import { type FieldTable, textOf } from '../../record/message/field-table.ts'
import { nameOf } from '../../record/message/name-bytes.ts'
import type { RecordView } from '../../record/message/record-view.ts'

/** The queue in which a message died, and how it had come there. */
export interface DeathOrigin {
  readonly queue: string
  readonly reason: string | undefined
  readonly exchange: string
  /** At least one. */
  readonly routingKeys: readonly string[]
  /** Seconds since the Unix epoch. */
  readonly time: number | undefined
}

/** Topics in which records failed: spring-kafka, Kafka Connect, Kafka Streams, share groups of Kafka (KIP-1191). */
export const failedTopicHeaders: readonly string[] = [
  'kafka_dlt-original-topic',
  '__connect.errors.topic',
  '__streams.errors.topic.name',
  '__dlq.errors.topic',
]

/** Undefined for a message that has not died, as far as its headers tell. */
export function originOf(
  { buffer, headerStart, headerEnd }: RecordView,
  which: 'first' | 'last',
): DeathOrigin | undefined {
  const headers = readHeaders(buffer, headerStart, headerEnd)
  return headers === undefined ? undefined : (originIn(headers, which) ?? failedIn(headers))
}

/** A topic takes what is published under its name. */
function failedIn(headers: FieldTable): DeathOrigin | undefined {
  for (const name of failedTopicHeaders) {
    const queue = nameOf(headers.get(name))
    if (queue === undefined || queue === '') continue
    return { queue, reason: undefined, exchange: '', routingKeys: [queue], time: undefined }
  }
  return undefined
}

/** The same of headers that have been read, as far as `x-death` says it. */
export function originIn(headers: FieldTable, which: 'first' | 'last'): DeathOrigin | undefined {
  const deaths = headers.get('x-death')
  if (deaths?.type !== 'array') return undefined
  const tables = deaths.value.flatMap((each) => (each.type === 'table' ? [each.value] : []))
  const entry = which === 'first' ? firstOf(headers, tables) : tables[0]
  return entry === undefined ? undefined : readEntry(entry)
}

/** The order of the entries changes when a message dies a second time in a queue. */
function firstOf(headers: FieldTable, deaths: readonly FieldTable[]): FieldTable | undefined {
  const queue = headers.findText('x-first-death-queue')
  const reason = headers.findText('x-first-death-reason')
  const named = deaths.find(
    (death) => death.findText('queue') === queue && death.findText('reason') === reason,
  )
  return named ?? deaths.at(-1)
}

function readEntry(death: FieldTable): DeathOrigin | undefined {
  const queue = nameOf(death.get('queue'))
  if (queue === undefined) return undefined
  const keys = death.get('routing-keys')
  const time = death.get('time')
  const routingKeys = keys?.type === 'array' ? keys.value.flatMap((key) => nameOf(key) ?? []) : []
  return {
    queue,
    reason: textOf(death.get('reason')),
    exchange: nameOf(death.get('exchange')) ?? '',
    routingKeys: routingKeys.length > 0 ? routingKeys : [''],
    time: time?.type === 'timestamp' ? Number(time.value) : undefined,
  }
}
