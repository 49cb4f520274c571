// Share sessions (KIP-932): a member names the partitions that it reads once, and from then on only what
// changes. A session ends with its connection, and what its member has is available again.
import type { ShareGroups } from '../../broker/share/share-groups.ts'
import { shareLimits } from '../../limits/share.ts'

/** A partition that a member reads. */
export interface SharedPlace {
  readonly topicId: string
  readonly index: number
}

/** The connection of a member. */
export interface ShareClient {
  /** Calls back when it ends; returns the function that takes that back. */
  onClose(listener: () => void): () => void
}

/** What a request says of a session. */
export interface ShareSessionAsked {
  readonly groupId: string
  readonly memberId: string
  readonly epoch: number
}

export type ShareSessionError =
  | 'SHARE_SESSION_NOT_FOUND'
  | 'INVALID_SHARE_SESSION_EPOCH'
  | 'SHARE_SESSION_LIMIT_REACHED'

export const shareSessionEpoch = { initial: 0, final: -1 } as const

const epochMax = 0x7fffffff

export class ShareSession {
  readonly groupId: string
  readonly memberId: string
  epoch = 1
  /** Another one has its place, or the member has gone. */
  isClosed = false
  /** In the order in which they are read. */
  readonly places: Map<string, SharedPlace> = new Map()
  readonly #forgetClose: () => void

  constructor({ groupId, memberId }: ShareSessionAsked, forgetClose: () => void) {
    this.groupId = groupId
    this.memberId = memberId
    this.#forgetClose = forgetClose
  }

  /** Others come first the next time. */
  moveToEnd(place: SharedPlace): void {
    const key = keyOfPlace(place)
    if (this.places.delete(key)) this.places.set(key, place)
  }

  close(): void {
    this.isClosed = true
    this.#forgetClose()
  }
}

export class ShareSessions {
  readonly #groups: () => Iterable<ShareGroups>
  readonly #sessions = new Map<string, ShareSession>()
  #placeCount = 0

  /** `groups` are those of all cells whose records members get here. */
  constructor(groups: () => Iterable<ShareGroups>) {
    this.#groups = groups
  }

  /** Opens a session of `client`; `sizeMax` sessions may be there. */
  open(
    asked: ShareSessionAsked,
    client: ShareClient,
    sizeMax: number,
  ): ShareSession | ShareSessionError {
    this.#remove(this.#sessions.get(keyOf(asked)))
    if (this.#sessions.size >= sizeMax) return 'SHARE_SESSION_LIMIT_REACHED'
    const forgetClose = client.onClose(() => this.close(session))
    const session: ShareSession = new ShareSession(asked, forgetClose)
    this.#sessions.set(keyOf(asked), session)
    return session
  }

  /** The session of a request that goes on with one; its epoch rises, unless the request ends it. */
  next(asked: ShareSessionAsked): ShareSession | ShareSessionError {
    const session = this.#sessions.get(keyOf(asked))
    if (session === undefined) return 'SHARE_SESSION_NOT_FOUND'
    if (asked.epoch === shareSessionEpoch.final) return session
    if (asked.epoch !== session.epoch) return 'INVALID_SHARE_SESSION_EPOCH'
    session.epoch = session.epoch === epochMax ? 1 : session.epoch + 1
    return session
  }

  /** False: all sessions together have too many partitions. One that has been closed gets none. */
  add(session: ShareSession, place: SharedPlace): boolean {
    if (session.isClosed) return true
    const key = keyOfPlace(place)
    if (session.places.has(key)) return true
    if (this.#placeCount >= shareLimits.shareSessionPartitionsMax) return false
    session.places.set(key, place)
    this.#placeCount++
    return true
  }

  forget(session: ShareSession, place: SharedPlace): void {
    if (!session.isClosed && session.places.delete(keyOfPlace(place))) this.#placeCount--
  }

  /** The session is over: what its member has is available again. */
  close(session: ShareSession): void {
    if (session.isClosed) return
    this.#remove(session)
    for (const groups of this.#groups()) {
      groups.find(session.groupId)?.releaseMember(session.memberId)
    }
  }

  #remove(session: ShareSession | undefined): void {
    if (session === undefined) return
    this.#sessions.delete(keyOf(session))
    this.#placeCount -= session.places.size
    session.close()
  }
}

function keyOf({ groupId, memberId }: Pick<ShareSessionAsked, 'groupId' | 'memberId'>): string {
  return `${memberId.length}/${memberId}/${groupId}`
}

function keyOfPlace({ topicId, index }: SharedPlace): string {
  return `${topicId}/${index}`
}
