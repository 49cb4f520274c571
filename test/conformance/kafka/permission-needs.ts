// What a user may need for a request of Kafka's protocol, and what it is told that lacks it.
import type { Operation } from '../../../src/auth/rights.ts'
import type { ApiMessages, ApiName } from '../../../src/codec/kafka/apis.gen.ts'

/** What a client is told that lacks a right. */
export const refusals: Readonly<Record<Kind | 'cluster', number>> = {
  topic: 29,
  group: 30,
  'transactional id': 53,
  cluster: 31,
}

export type Kind = 'topic' | 'group' | 'transactional id'

/** What the user may do, and on names of which kinds. */
export interface Granted {
  readonly rights: readonly Operation[]
  readonly on: readonly Kind[]
  readonly isAdministrator: boolean
}

/** What an API needs. */
export interface Need {
  /** In the words of docs/permissions.md. */
  readonly label: string
  /** The error that the user gets in place of an answer; undefined when it is answered as anyone. */
  readonly refused: (granted: Granted) => number | undefined
}

export const administrators: readonly Need[] = [
  {
    label: 'administrator',
    refused: ({ isAdministrator }) => (isAdministrator ? undefined : refusals.cluster),
  },
]

/** Any of the rights will do. */
function having(on: Kind, ...rights: readonly Operation[]): Need {
  return {
    label: `${rights.length === 3 ? 'any' : rights.join(' or ')} on the ${on}`,
    refused: (granted) => {
      const isGranted = rights.some((right) => granted.rights.includes(right))
      return granted.isAdministrator || (isGranted && granted.on.includes(on))
        ? undefined
        : refusals[on]
    },
  }
}

export const writing: Need = having('topic', 'write')
export const reading: Need = having('topic', 'read')
export const configuring: Need = having('topic', 'configure')
export const seeing: Need = having('topic', 'configure', 'write', 'read')
export const joining: Need = having('group', 'read')
export const producing: Need = having('transactional id', 'write')
export const seeingId: Need = having('transactional id', 'configure', 'write', 'read')
export const seeingGroup: Need = having('group', 'configure', 'read')
export const managingGroup: Need = having('group', 'configure')

/** What requests of its transactions say. */
export function producerOf(transactionalId: string): {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
} {
  return { transactionalId, producerId: 1, producerEpoch: 0 }
}

/** An offset, as a request to commit it has it. */
export function committed(committedOffset: number): {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string
} {
  return { partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: '' }
}

/** An ACL, and what finds all of them. */
export const acl: {
  readonly resourceType: number
  readonly resourceName: string
  readonly resourcePatternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
} = {
  resourceType: 2,
  resourceName: 't',
  resourcePatternType: 3,
  // Of somebody else: who asks has permissions.
  principal: 'User:other',
  host: '*',
  operation: 3,
  permissionType: 3,
}
export const aclFilter: {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: null
  readonly patternTypeFilter: number
  readonly principalFilter: null
  readonly hostFilter: null
  readonly operation: number
  readonly permissionType: number
} = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}

/** How one API is tried. */
export interface Row<Name extends ApiName> {
  /** `topicId` is that of `t`. */
  readonly request: (version: number, topicId: string) => ApiMessages[Name]['request']
  /** What is asked for first comes first. */
  readonly needs: readonly Need[]
  /** The first version that can tell a refusal; before it the answer is empty. */
  readonly tellsSince?: number
  /** From this version on it is for brokers, and administrators. */
  readonly onlyBelow?: number
  /** What it is asked about has to be made again after each. */
  readonly changes?: true
}
