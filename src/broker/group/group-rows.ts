// How groups and offsets look in the store. One row per group, one per committed offset,
// one per offset that an open transaction has committed:
//
//   key    kind (1 group, 2 offset, 3 pending) │ group id │ pending: producer id │ for offsets: topic, partition
//   value  format version │ fields, as in the functions below
//
// A format that changes gets a new version; every old one stays readable.
import type { CommittedOffset, TopicPartition } from './committed-offset.ts'
import { GroupFormatError } from './group-format-error.ts'
import type { MemberIdentity, MemberTerms } from './group-member.ts'
import type { GroupRow } from './group-store.ts'
import type { PendingOffset } from './pending-offsets.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const kind = { group: 1, offset: 2, pending: 3 } as const
const version = { group: 1, offset: 1 } as const

/** Enough for any group; a larger count is damage. */
const countMax = 1_000_000

/** A member as stored. */
export interface StoredMember extends MemberIdentity, MemberTerms {
  readonly assignment: Buffer
}

/** A group as stored: what it was when its last generation got its assignment, or when it emptied. */
export interface StoredGroup {
  readonly generation: number
  readonly protocolType: string | undefined
  readonly protocolName: string | undefined
  readonly leaderId: string | undefined
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly stateSinceMs: number
  readonly members: readonly StoredMember[]
}

/** What a row says. */
export type DecodedRow =
  | { readonly kind: 'group'; readonly groupId: string; readonly group: StoredGroup }
  | {
      readonly kind: 'offset'
      readonly groupId: string
      readonly place: TopicPartition
      readonly committed: CommittedOffset
    }
  | ({ readonly kind: 'pending'; readonly groupId: string } & PendingOffset)

export function encodeGroupKey(groupId: string): Buffer {
  return new RowWriter().uint8(kind.group).text(groupId).finish()
}

export function encodeOffsetKey(groupId: string, { topic, partition }: TopicPartition): Buffer {
  return new RowWriter().uint8(kind.offset).text(groupId).text(topic).int32(partition).finish()
}

/** Its value is that of an offset. */
export function encodePendingKey(
  groupId: string,
  producerId: number,
  { topic, partition }: TopicPartition,
): Buffer {
  const writer = new RowWriter().uint8(kind.pending).text(groupId).integer(producerId)
  return writer.text(topic).int32(partition).finish()
}

/** The row that forgets a pending offset. */
export function forgetPending(
  groupId: string,
  { producerId, place }: Pick<PendingOffset, 'producerId' | 'place'>,
): GroupRow {
  return { key: encodePendingKey(groupId, producerId, place), value: undefined }
}

export function encodeGroup(group: StoredGroup): Buffer {
  const writer = new RowWriter()
    .uint8(version.group)
    .int32(group.generation)
    .optionalText(group.protocolType)
    .optionalText(group.protocolName)
    .optionalText(group.leaderId)
    .integer(group.stateSinceMs)
    .int32(group.members.length)
  for (const member of group.members) {
    writer
      .text(member.memberId)
      .optionalText(member.instanceId)
      .text(member.clientId)
      .text(member.clientHost)
      .int32(member.rebalanceTimeoutMs)
      .int32(member.sessionTimeoutMs)
      .int32(member.protocols.length)
    for (const { name, metadata } of member.protocols) writer.text(name).bytes(metadata)
    writer.bytes(member.assignment)
  }
  return writer.finish()
}

export function encodeOffset(committed: CommittedOffset): Buffer {
  return new RowWriter()
    .uint8(version.offset)
    .integer(committed.offset)
    .int32(committed.leaderEpoch)
    .text(committed.metadata)
    .integer(committed.committedMs)
    .integer(committed.expiresMs ?? -1)
    .finish()
}

/** Reads a row that exists. Throws GroupFormatError for what no version of this broker wrote. */
export function decodeRow(row: GroupRow & { readonly value: Buffer }): DecodedRow {
  const key = new RowReader(row.key)
  const rowKind = key.uint8()
  const groupId = key.text()
  if (rowKind === kind.group) {
    key.finish()
    return { kind: 'group', groupId, group: decodeGroup(row.value) }
  }
  if (rowKind !== kind.offset && rowKind !== kind.pending) {
    throw new GroupFormatError(`row of unknown kind ${rowKind}`)
  }
  const producerId = rowKind === kind.pending ? key.integer() : -1
  const place = { topic: key.text(), partition: key.int32() }
  key.finish()
  const committed = decodeOffset(row.value)
  if (rowKind === kind.offset) return { kind: 'offset', groupId, place, committed }
  return { kind: 'pending', groupId, producerId, place, committed }
}

function decodeGroup(value: Buffer): StoredGroup {
  const reader = new RowReader(value)
  checkVersion('group', reader.uint8(), version.group)
  const group = {
    generation: reader.int32(),
    protocolType: reader.optionalText(),
    protocolName: reader.optionalText(),
    leaderId: reader.optionalText(),
    stateSinceMs: reader.integer(),
    members: decodeList(reader, decodeMember),
  }
  reader.finish()
  return group
}

function decodeMember(reader: RowReader): StoredMember {
  return {
    memberId: reader.text(),
    instanceId: reader.optionalText(),
    clientId: reader.text(),
    clientHost: reader.text(),
    rebalanceTimeoutMs: reader.int32(),
    sessionTimeoutMs: reader.int32(),
    protocols: decodeList(reader, () => ({ name: reader.text(), metadata: reader.bytes() })),
    assignment: reader.bytes(),
  }
}

function decodeOffset(value: Buffer): CommittedOffset {
  const reader = new RowReader(value)
  checkVersion('offset', reader.uint8(), version.offset)
  const offset = reader.integer()
  const leaderEpoch = reader.int32()
  const metadata = reader.text()
  const committedMs = reader.integer()
  const expiresMs = reader.integer()
  reader.finish()
  return {
    offset,
    leaderEpoch,
    metadata,
    committedMs,
    expiresMs: expiresMs < 0 ? undefined : expiresMs,
  }
}

function decodeList<Item>(reader: RowReader, decode: (reader: RowReader) => Item): Item[] {
  const count = reader.int32()
  if (count < 0 || count > countMax) throw new GroupFormatError(`a list of ${count}`)
  return Array.from({ length: count }, () => decode(reader))
}

function checkVersion(what: string, found: number, known: number): void {
  if (found === known) return
  throw new GroupFormatError(
    `a consumer ${what} is stored in format ${found}, which this version does not know`,
  )
}
