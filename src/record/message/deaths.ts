// What a message's headers say about how it was dead-lettered, in the form that clients of RabbitMQ read:
// x-death, an array with one table for each queue and reason, the latest first, and x-first-death-* and
// x-last-death-*. Source: RabbitMQ 4.2, mc.erl record_death and mc_amqpl.erl.
import type { HeaderPayload } from './add-headers.ts'
import { readExpiration, readHeaders } from './content-header.ts'
import { FieldTable, type FieldEntry, type FieldValue } from './field-table.ts'
import { replaceHeaders } from './replace-headers.ts'

/** Why a message left its queue for the dead-letter exchange. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit'

/** One death. */
export interface Death {
  readonly queue: string
  readonly reason: DeathReason
  /** Where the message was published before it came into the queue. */
  readonly exchange: string
  readonly routingKeys: readonly string[]
  /** Seconds since the Unix epoch. */
  readonly time: number
}

/**
 * The validated payload with one more death, and without its expiration: what died must not die of it again.
 * `isKnown`: the deaths in it are the broker's; those that a client wrote do not count and go.
 */
export function withDeath(payload: HeaderPayload, death: Death, isKnown: boolean): Buffer {
  const { buffer, start, end } = payload
  const headers = readHeaders(buffer, start, end)?.entries ?? []
  const expiration = readExpiration(buffer, start, end)
  const withAll = withDeathIn(headers, { death, expiration, isKnown })
  return replaceHeaders(payload, withAll, { keepsExpiration: false })
}

/**
 * Whether a message with the deaths in these headers has been in `queue` since a client rejected it
 * last, so that it would go round for ever. The latest death has been added.
 */
export function isDeathCycle(headers: FieldTable | undefined, queue: string): boolean {
  for (const entry of deathsIn(headers?.entries ?? [])) {
    if (entry.findText('reason') === 'rejected') return false
    if (entry.findText('queue') === queue) return true
  }
  return false
}

interface NewDeath {
  readonly death: Death
  readonly expiration: string | undefined
  readonly isKnown: boolean
}

function withDeathIn(headers: readonly FieldEntry[], added: NewDeath): FieldTable {
  const { death, isKnown } = added
  const known = isKnown ? deathsIn(headers) : []
  const isSame = (entry: FieldTable): boolean =>
    entry.findText('queue') === death.queue && entry.findText('reason') === death.reason
  const before = known.find(isSame)
  const latest = before === undefined ? newEntry(added) : counted(before)
  const others = known.filter((entry) => entry !== before)
  const first = isKnown ? headers.filter(({ name }) => name.startsWith('x-first-death-')) : []
  return new FieldTable([
    ...headers.filter(({ name }) => !isOfDeaths(name)),
    { name: 'x-death', value: { type: 'array', value: [latest, ...others].map(asTable) } },
    ...(first.length > 0 ? first : summary('first', death)),
    ...summary('last', death),
  ])
}

function isOfDeaths(name: string): boolean {
  return name === 'x-death' || name.startsWith('x-first-death-') || name.startsWith('x-last-death-')
}

function deathsIn(headers: readonly FieldEntry[]): FieldTable[] {
  const header = headers.find(({ name }) => name === 'x-death')?.value
  if (header?.type !== 'array') return []
  return header.value.flatMap((item) => (item.type === 'table' ? [item.value] : []))
}

function newEntry({ death, expiration }: NewDeath): FieldTable {
  const original = expiration === undefined ? [] : [text('original-expiration', expiration)]
  return new FieldTable([
    ...original,
    { name: 'count', value: { type: 'long', value: 1 } },
    text('reason', death.reason),
    text('queue', death.queue),
    { name: 'time', value: { type: 'timestamp', value: death.time } },
    text('exchange', death.exchange),
    {
      name: 'routing-keys',
      value: {
        type: 'array',
        value: death.routingKeys.map((key) => ({ type: 'longstr', value: key })),
      },
    },
  ])
}

/** The same death once more; the time stays that of the first. */
function counted(entry: FieldTable): FieldTable {
  return new FieldTable(
    entry.entries.map(({ name, value }) =>
      name === 'count' && value.type === 'long'
        ? { name, value: { type: 'long', value: Number(value.value) + 1 } }
        : { name, value },
    ),
  )
}

function summary(which: 'first' | 'last', { reason, queue, exchange }: Death): FieldEntry[] {
  return [
    text(`x-${which}-death-reason`, reason),
    text(`x-${which}-death-queue`, queue),
    text(`x-${which}-death-exchange`, exchange),
  ]
}

function text(name: string, value: string): FieldEntry {
  return { name, value: { type: 'longstr', value } }
}

function asTable(value: FieldTable): FieldValue {
  return { type: 'table', value }
}
