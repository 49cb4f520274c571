import type { GroupErrorCode } from './group-error.ts'

export const emptyAssignment: Buffer = Buffer.alloc(0)

/** What a sync is answered with. */
export interface SyncAnswer {
  readonly error: GroupErrorCode | undefined
  readonly protocolType: string | undefined
  readonly protocolName: string | undefined
  /** Empty when refused, or when the leader had nothing for this member. */
  readonly assignment: Buffer
}

/** Called exactly once, possibly before the call that took it returns. */
export type SyncCallback = (answer: SyncAnswer) => void

export function refusedSync(error: GroupErrorCode): SyncAnswer {
  return { error, protocolType: undefined, protocolName: undefined, assignment: emptyAssignment }
}
