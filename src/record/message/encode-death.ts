// The bytes that a death leaves in a message's headers. They are the same for all messages that came to a
// queue by the same way and left it for the same reason; only the time is each message's own.
import { FieldTable, type FieldEntry, type FieldValue } from './field-table.ts'
import { TAG_TABLE } from './field-tag.ts'
import { bytesOfName } from './name-bytes.ts'
import { encodeFieldTable } from './write-field-table.ts'

/** Why a message left its queue for the dead-letter exchange. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit'

/** How messages died. */
export interface Death {
  readonly queue: string
  readonly reason: DeathReason
  /** Where the message was published before it came into the queue, as it was sent. */
  readonly exchange: string
  readonly routingKeys: readonly string[]
}

/** A death as headers tell it. */
export interface EncodedDeath {
  readonly reason: DeathReason
  readonly queue: NamedQueue
  /** The entry of x-death with its tag; its time has to be filled in. */
  readonly entry: Buffer
  /** Where in `entry` the eight bytes of the time are. */
  readonly timeAt: number
  /** The headers x-first-death-*. */
  readonly first: Buffer
  /** The headers x-last-death-*. */
  readonly last: Buffer
}

/** A queue, and the field of an x-death entry that names it. */
export interface NamedQueue {
  readonly name: string
  readonly field: Buffer
}

const lengthSize = 4
const timestampSize = 8

/** What `death` adds to headers, with a count of one. */
export function encodeDeath(death: Death): EncodedDeath {
  const { queue, reason, exchange, routingKeys } = death
  const keys = routingKeys.map(longstr)
  const untilTime: FieldEntry[] = [
    { name: 'count', value: { type: 'long', value: 1 } },
    text('reason', reason),
    text('queue', queue),
    { name: 'time', value: { type: 'timestamp', value: 0 } },
  ]
  const afterTime: FieldEntry[] = [
    text('exchange', exchange),
    { name: 'routing-keys', value: { type: 'array', value: keys } },
  ]
  const table = encodeFieldTable(new FieldTable([...untilTime, ...afterTime]))
  return {
    reason,
    queue: nameQueue(queue),
    entry: Buffer.concat([Buffer.of(TAG_TABLE), table]),
    timeAt: 1 + lengthSize + encodeEntries(untilTime).length - timestampSize,
    first: encodeEntries(summary('first', death)),
    last: encodeEntries(summary('last', death)),
  }
}

export function nameQueue(name: string): NamedQueue {
  return { name, field: encodeEntries([text('queue', name)]) }
}

function summary(which: 'first' | 'last', { reason, queue, exchange }: Death): FieldEntry[] {
  return [
    text(`x-${which}-death-reason`, reason),
    text(`x-${which}-death-queue`, queue),
    text(`x-${which}-death-exchange`, exchange),
  ]
}

function text(name: string, value: string): FieldEntry {
  return { name, value: longstr(value) }
}

function longstr(name: string): FieldValue {
  return { type: 'longstr', value: bytesOfName(name) }
}

function encodeEntries(entries: readonly FieldEntry[]): Buffer {
  return encodeFieldTable(new FieldTable(entries)).subarray(lengthSize)
}
