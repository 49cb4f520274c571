// CC and BCC headers: further routing keys for one message. BCC is removed before anyone sees it.
import {
  decodeContentHeader,
  encodeContentHeader,
  findHeader,
} from '../../record/message/content-header.ts'
import { FieldTable } from '../../record/message/field-table.ts'
import { setHeader } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'

/** Whether the message's headers name further routing keys; looks only for those two names. */
export function hasCarbonCopies(source: RecordSource): boolean {
  return find(source, 'CC') || find(source, 'BCC')
}

/** Takes BCC out of the content header, when it is there. */
export function removeBlindCopies(source: RecordSource): void {
  if (!find(source, 'BCC')) return
  const { bodySize, properties } = decodeContentHeader(
    source.header,
    source.headerStart,
    source.headerEnd,
  )
  const entries = properties.headers?.entries.filter(({ name }) => name !== 'BCC') ?? []
  const headers = new FieldTable(entries)
  setHeader(source, encodeContentHeader(bodySize, { ...properties, headers }))
}

function find({ header, headerStart, headerEnd }: RecordSource, name: string): boolean {
  return findHeader(header, headerStart, headerEnd, name) !== undefined
}
