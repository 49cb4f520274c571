// Headers of SUBSCRIBE that are arguments of its consumer: its priority, and where and what it reads of a stream.
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { type FieldEntry, FieldTable, type FieldValue } from '../../record/message/field-table.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { findBoolean, findInteger } from './read-header.ts'
import { invalidHeader } from './stomp-error.ts'

/** Throws StompError for what is no priority and no offset. */
export function consumerArgumentsOf(headers: FrameHeaders): FieldTable {
  const entries: FieldEntry[] = []
  const add = (name: string, value: FieldValue | undefined): void => {
    if (value !== undefined) entries.push({ name, value })
  }
  add('x-priority', integer(findInteger(headers, 'x-priority')))
  add('x-stream-offset', streamOffset(headers.get('x-stream-offset')))
  add('x-stream-filter', streamFilter(headers.get('x-stream-filter')))
  const matchesUnfiltered = findBoolean(headers, 'x-stream-match-unfiltered')
  add(
    'x-stream-match-unfiltered',
    matchesUnfiltered === undefined ? undefined : { type: 'bool', value: matchesUnfiltered },
  )
  return new FieldTable(entries)
}

function integer(value: number | undefined): FieldValue | undefined {
  return value === undefined ? undefined : { type: 'long', value }
}

/** `first`, `last`, `next`, `offset=N`, or `timestamp=N` in seconds; releases of RabbitMQ also have a colon there. */
function streamOffset(text: string | undefined): FieldValue | undefined {
  if (text === undefined) return undefined
  if (text === 'first' || text === 'last' || text === 'next')
    return { type: 'longstr', value: text }
  const [, kind, number] = /^(offset|timestamp)[=:](\d{1,15})$/.exec(text) ?? []
  if (number === undefined) {
    throw invalidHeader(
      'x-stream-offset',
      'must be first, last, next, offset=<number> or timestamp=<seconds>',
    )
  }
  return { type: kind === 'offset' ? 'long' : 'timestamp', value: Number(number) }
}

/** Several values have commas between them. */
function streamFilter(text: string | undefined): FieldValue | undefined {
  if (text === undefined) return undefined
  const values = text.split(',').map((value) => value.trim())
  return {
    type: 'array',
    value: values.map((value) => ({ type: 'longstr', value: bytesOfName(value) }) as const),
  }
}
