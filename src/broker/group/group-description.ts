import type { Assignment } from './consumer/assignment.ts'
import type { ConsumerGroup, ConsumerGroupState } from './consumer/consumer-group.ts'
import type { ConsumerMember } from './consumer/consumer-member.ts'
import { consumerParts } from './consumer/consumer-parts.ts'
import type { NamedPartitions } from './consumer/consumer-protocol.ts'
import type { AnyGroup } from './group-table.ts'
import type { Group, GroupState } from './group.ts'
import { emptyAssignment } from './sync-answer.ts'

/** A member as tools see it. */
export interface MemberDescription {
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  /** Empty unless the group is a stable classic one. */
  readonly metadata: Buffer
  /** In the form of the classic protocol, whichever the group has. */
  readonly assignment: Buffer
}

/** A group as tools see it. */
export interface GroupDescription {
  readonly groupId: string
  readonly type: GroupType
  readonly state: GroupState | ConsumerGroupState
  /** Of a group of the consumer protocol, its epoch. */
  readonly generation: number
  /** Empty when it only stores offsets. */
  readonly protocolType: string
  /** Empty unless the group is stable; of one of the consumer protocol, its assignor. */
  readonly protocolName: string
  readonly members: readonly MemberDescription[]
}

/** Kafka's names of protocols. */
export type GroupType = 'classic' | 'consumer'

/** A group in a list. */
export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  readonly state: GroupState | ConsumerGroupState
  readonly type: GroupType
}

/** Which groups to list; an empty set lets all pass. Compared without case. */
export interface GroupFilter {
  readonly states: readonly string[]
  readonly types: readonly string[]
}

/** A member of a group of the consumer protocol. */
export interface ConsumerMemberDescription extends Omit<
  MemberDescription,
  'metadata' | 'assignment'
> {
  readonly rackId: string | undefined
  readonly epoch: number
  readonly topicNames: readonly string[]
  /** Empty for none. */
  readonly topicPattern: string
  readonly assigned: readonly AssignedTopic[]
  /** What it is to have in the end. */
  readonly target: readonly AssignedTopic[]
  readonly isClassic: boolean
}

export interface AssignedTopic extends NamedPartitions {
  readonly topicId: string
}

/** A group of the consumer protocol. */
export interface ConsumerGroupDescription {
  readonly groupId: string
  readonly state: ConsumerGroupState
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly assignor: string
  readonly members: readonly ConsumerMemberDescription[]
}

export function describeGroup(group: AnyGroup): GroupDescription {
  return group.kind === 'classic' ? describeClassic(group) : describeAlike(group)
}

function describeClassic(group: Group): GroupDescription {
  const isStable = group.state === 'Stable'
  return {
    groupId: group.id,
    type: 'classic',
    state: group.state,
    generation: group.generation,
    protocolType: group.protocolType ?? '',
    protocolName: (isStable && group.protocolName) || '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: (isStable && member.metadataFor(group.protocolName)) || emptyAssignment,
      assignment: member.assignment,
    })),
  }
}

/** In the terms of the classic protocol. */
function describeAlike(group: ConsumerGroup): GroupDescription {
  return {
    groupId: group.id,
    type: 'consumer',
    state: group.state,
    generation: group.epoch,
    protocolType: 'consumer',
    protocolName: consumerParts.value.assignorOf(group),
    members: Array.from(group.members(), (member) => ({
      ...identityOf(member),
      metadata: emptyAssignment,
      // Most who look want something else.
      get assignment() {
        const { encodeAssignedPartitions, namesOf } = consumerParts.value
        const assigned = namesOf(member.progress.assigned, group.context.topics)
        return encodeAssignedPartitions(assigned, 0)
      },
    })),
  }
}

export function describeConsumerGroup(group: ConsumerGroup): ConsumerGroupDescription {
  return {
    groupId: group.id,
    state: group.state,
    epoch: group.epoch,
    assignmentEpoch: group.assignmentEpoch,
    assignor: consumerParts.value.assignorOf(group),
    members: Array.from(group.members(), (member) => ({
      ...identityOf(member),
      rackId: member.wishes.rackId,
      epoch: member.epoch,
      topicNames: member.wishes.topicNames,
      topicPattern: member.wishes.topicPattern,
      assigned: assignedTopics(group, member.progress.assigned),
      target: assignedTopics(group, member.target),
      isClassic: member.isClassic,
    })),
  }
}

function identityOf(
  member: ConsumerMember,
): Pick<MemberDescription, 'memberId' | 'instanceId' | 'clientId' | 'clientHost'> {
  const { id: memberId, instanceId, clientId, clientHost } = member
  return { memberId, instanceId, clientId, clientHost }
}

/** Topics that are gone are left out. */
function assignedTopics({ context }: ConsumerGroup, assignment: Assignment): AssignedTopic[] {
  return Array.from(assignment).flatMap(([topicId, partitions]) => {
    const topic = context.topics.findById(topicId)?.name
    return topic === undefined ? [] : [{ topicId, topic, partitions }]
  })
}

export function listGroup(group: AnyGroup): GroupListing {
  const { id: groupId, state, kind: type } = group
  const protocolType = group.kind === 'consumer' ? 'consumer' : (group.protocolType ?? '')
  return { groupId, protocolType, state, type }
}

/** Also of a group of another kind. */
export function passes(
  listing: { readonly state: string; readonly type: string },
  { states, types }: GroupFilter,
): boolean {
  return isAmong(listing.state, states) && isAmong(listing.type, types)
}

function isAmong(value: string, wanted: readonly string[]): boolean {
  const matches = (one: string): boolean => one.trim().toLowerCase() === value.toLowerCase()
  return wanted.length === 0 || wanted.some(matches)
}
