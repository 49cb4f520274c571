// What a user may need for a request of Kafka's protocol, and what it is told that lacks it.
import type { Operation } from '../../../src/auth/rights.ts'

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
