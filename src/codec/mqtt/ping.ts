// PINGREQ and PINGRESP (sections 3.12 and 3.13), which have nothing in them.
import { FieldReader } from './field-reader.ts'
import type { PacketReader } from './packet-reader.ts'
import { PINGREQ, PINGRESP } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'

/** Not to be modified. */
export const pingRequest: Buffer = new PacketWriter().finish(PINGREQ)
export const pingResponse: Buffer = new PacketWriter().finish(PINGRESP)

/** Throws a PacketError unless there is nothing in the current packet of `reader`. */
export function readPing(reader: PacketReader): void {
  new FieldReader(reader).finish()
}
