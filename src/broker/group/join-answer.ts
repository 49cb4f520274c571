import type { GroupErrorCode } from './group-error.ts'

/** A member as its leader sees it. */
export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly metadata: Buffer
}

/** What a join is answered with. */
export interface JoinAnswer {
  readonly error: GroupErrorCode | undefined
  /** Empty when the asker has none. With `member_id_required`, the one to join with. */
  readonly memberId: string
  /** −1 when refused. */
  readonly generation: number
  readonly protocolType: string | undefined
  /** The protocol that was voted for. */
  readonly protocolName: string | undefined
  /** Member id of the leader; empty when refused. */
  readonly leaderId: string
  /** The leader keeps the present assignment instead of making one (KIP-814). */
  readonly skipsAssignment: boolean
  /** All members, for the leader; nothing for the others. */
  readonly members: readonly JoinedMember[]
}

/** Called exactly once, possibly before the call that took it returns. */
export type JoinCallback = (answer: JoinAnswer) => void

export function refusedJoin(memberId: string, error: GroupErrorCode): JoinAnswer {
  return {
    error,
    memberId,
    generation: -1,
    protocolType: undefined,
    protocolName: undefined,
    leaderId: '',
    skipsAssignment: false,
    members: [],
  }
}
