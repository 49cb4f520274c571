// Whether a message that is not stored yet outlives the broker.
import { isPersistent } from './content-header.ts'
import type { RecordSource } from './record-source.ts'

export function isSourcePersistent({ header, headerStart, headerEnd }: RecordSource): boolean {
  return isPersistent(header, headerStart, headerEnd)
}
