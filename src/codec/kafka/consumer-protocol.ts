// What classic consumers write into JoinGroup metadata and SyncGroup assignments: a 16-bit version,
// then the message of that version. As KIP-429 has it, a newer version is read as the newest known
// one: later versions only add fields at the end.
import { readConsumerProtocolAssignment } from './messages/consumer-protocol-assignment.gen.ts'
import type { ConsumerProtocolAssignment } from './messages/consumer-protocol-assignment.gen.ts'
import { readConsumerProtocolSubscription } from './messages/consumer-protocol-subscription.gen.ts'
import type { ConsumerProtocolSubscription } from './messages/consumer-protocol-subscription.gen.ts'
import { WireReader } from './wire-reader.ts'

const newestVersion = 3

/** Throws CodecError when the bytes are no subscription: other group types have their own. */
export function decodeSubscription(metadata: Buffer): ConsumerProtocolSubscription {
  return decode(metadata, readConsumerProtocolSubscription)
}

/** Throws CodecError when the bytes are no assignment. */
export function decodeAssignment(assignment: Buffer): ConsumerProtocolAssignment {
  return decode(assignment, readConsumerProtocolAssignment)
}

function decode<T>(bytes: Buffer, read: (reader: WireReader, version: number) => T): T {
  const reader = new WireReader()
  reader.reset(bytes)
  return read(reader, Math.min(Math.max(reader.int16(), 0), newestVersion))
}
