// How consumer groups look in the store, beside the rows of group-rows.ts:
//
//   key    kind (4 group, 5 member, 6 pattern) │ group id │ member id, or pattern
//   value  format version │ fields, as in the functions below
//
// A format that changes gets a new version; every old one stays readable.
import { GroupFormatError } from '../group-format-error.ts'
import type { MemberIdentity, MemberProtocol } from '../group-member.ts'
import type { RowReader } from '../row-reader.ts'
import { RowWriter } from '../row-writer.ts'
import type { Assignment } from './assignment.ts'
import type {
  ClassicTerms,
  ConsumerMember,
  MemberProgress,
  MemberState,
  MemberWishes,
} from './consumer-member.ts'
import { consumerRowKinds } from './consumer-row-kinds.ts'

const version = { group: 1, member: 1, pattern: 1 } as const
const states: readonly MemberState[] = ['stable', 'unrevoked', 'unreleased']
/** Enough for any group; a larger count is damage. */
const countMax = 1_000_000

export interface StoredConsumerGroup {
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly stateSinceMs: number
  readonly topicsHash: string
}

/** The id comes from the key. */
export interface StoredConsumerMember extends Omit<MemberIdentity, 'memberId'> {
  readonly wishes: MemberWishes
  readonly progress: MemberProgress
  readonly target: Assignment
}

export function encodeConsumerGroupKey(groupId: string): Buffer {
  return new RowWriter().uint8(consumerRowKinds.group).text(groupId).finish()
}

export function encodeConsumerMemberKey(groupId: string, memberId: string): Buffer {
  return new RowWriter().uint8(consumerRowKinds.member).text(groupId).text(memberId).finish()
}

export function encodePatternKey(groupId: string, pattern: string): Buffer {
  return new RowWriter().uint8(consumerRowKinds.pattern).text(groupId).text(pattern).finish()
}

export function encodeConsumerGroup(group: StoredConsumerGroup): Buffer {
  return new RowWriter()
    .uint8(version.group)
    .int32(group.epoch)
    .int32(group.assignmentEpoch)
    .integer(group.stateSinceMs)
    .text(group.topicsHash)
    .finish()
}

export function decodeConsumerGroup(reader: RowReader): StoredConsumerGroup {
  checkVersion('group', reader.uint8(), version.group)
  const group = {
    epoch: reader.int32(),
    assignmentEpoch: reader.int32(),
    stateSinceMs: reader.integer(),
    topicsHash: reader.text(),
  }
  reader.finish()
  return group
}

export function encodeConsumerMember(member: ConsumerMember): Buffer {
  const { wishes, progress, target } = member
  const writer = new RowWriter()
    .uint8(version.member)
    .optionalText(member.instanceId)
    .text(member.clientId)
    .text(member.clientHost)
    .optionalText(wishes.rackId)
    .int32(wishes.rebalanceTimeoutMs)
    .text(wishes.topicPattern)
    .optionalText(wishes.assignor)
    .int32(wishes.topicNames.length)
  for (const name of wishes.topicNames) writer.text(name)
  encodeClassicTerms(writer, wishes.classic)
  writer.int32(progress.epoch).int32(progress.previousEpoch).uint8(states.indexOf(progress.state))
  for (const assignment of [progress.assigned, progress.revoking, target]) {
    encodeAssignment(writer, assignment)
  }
  return writer.finish()
}

export function decodeConsumerMember(reader: RowReader): StoredConsumerMember {
  checkVersion('group member', reader.uint8(), version.member)
  const identity = {
    instanceId: reader.optionalText(),
    clientId: reader.text(),
    clientHost: reader.text(),
  }
  const wishes = {
    rackId: reader.optionalText(),
    rebalanceTimeoutMs: reader.int32(),
    topicPattern: reader.text(),
    assignor: reader.optionalText(),
    topicNames: decodeList(reader, () => reader.text()),
    classic: decodeClassicTerms(reader),
  }
  const progress = {
    epoch: reader.int32(),
    previousEpoch: reader.int32(),
    state: decodeState(reader),
    assigned: decodeAssignment(reader),
    revoking: decodeAssignment(reader),
  }
  const target = decodeAssignment(reader)
  reader.finish()
  return { ...identity, wishes, progress, target }
}

export function encodePattern(topics: ReadonlySet<string>): Buffer {
  const writer = new RowWriter().uint8(version.pattern).int32(topics.size)
  for (const topic of topics) writer.text(topic)
  return writer.finish()
}

export function decodePattern(reader: RowReader): ReadonlySet<string> {
  checkVersion('group pattern', reader.uint8(), version.pattern)
  const topics = new Set(decodeList(reader, () => reader.text()))
  reader.finish()
  return topics
}

function encodeClassicTerms(writer: RowWriter, classic: ClassicTerms | undefined): void {
  writer.uint8(classic === undefined ? 0 : 1)
  if (classic === undefined) return
  writer.int32(classic.sessionTimeoutMs).int32(classic.protocols.length)
  for (const { name, metadata } of classic.protocols) writer.text(name).bytes(metadata)
}

function decodeClassicTerms(reader: RowReader): ClassicTerms | undefined {
  if (reader.uint8() === 0) return undefined
  const sessionTimeoutMs = reader.int32()
  const protocols = decodeList(reader, (): MemberProtocol => ({
    name: reader.text(),
    metadata: reader.bytes(),
  }))
  return { sessionTimeoutMs, protocols }
}

function encodeAssignment(writer: RowWriter, assignment: Assignment): void {
  writer.int32(assignment.size)
  for (const [topicId, partitions] of assignment) {
    writer.text(topicId).int32(partitions.length)
    for (const partition of partitions) writer.int32(partition)
  }
}

function decodeAssignment(reader: RowReader): Assignment {
  return new Map(
    decodeList(reader, (): [string, number[]] => [
      reader.text(),
      decodeList(reader, () => reader.int32()),
    ]),
  )
}

function decodeState(reader: RowReader): MemberState {
  const code = reader.uint8()
  const state = states[code]
  if (state === undefined) throw new GroupFormatError(`a member in state ${code}`)
  return state
}

function decodeList<Item>(reader: RowReader, decode: () => Item): Item[] {
  const count = reader.int32()
  if (count < 0 || count > countMax) throw new GroupFormatError(`a list of ${count}`)
  return Array.from({ length: count }, decode)
}

function checkVersion(what: string, found: number, known: number): void {
  if (found === known) return
  throw new GroupFormatError(
    `a consumer ${what} is stored in format ${found}, which this version does not know`,
  )
}
