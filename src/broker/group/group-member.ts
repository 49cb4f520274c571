import type { Deadline } from '../../lib/deadline.ts'
import type { JoinCallback } from './join-answer.ts'
import { emptyAssignment, type SyncCallback } from './sync-answer.ts'

/** One way to share partitions that a member offers; the bytes mean something to its peers only. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

/** What a member says about itself when it joins. */
export interface MemberIdentity {
  readonly memberId: string
  /** Set for static members, which keep their place over restarts (KIP-345). */
  readonly instanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
}

/** What a member asks for; each join may change it. */
export interface MemberTerms {
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** Most wanted first, no name twice. */
  readonly protocols: readonly MemberProtocol[]
}

/** Objects, map entries and timers around a member's bytes, roughly. */
const memberOverhead = 1024

/**
 * Lifecycle: added with a join that waits → the generation starts and the join is answered → its
 * sync waits for the leader's → it has its assignment and heartbeats → joins again, or is removed.
 */
export class GroupMember {
  readonly id: string
  readonly instanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  terms: MemberTerms
  assignment: Buffer = emptyAssignment
  /** Has not been part of a generation: it does not know its id yet and cannot heartbeat. */
  isNew = true
  /** The join that waits for the rebalance. Set by the group only, which counts them. */
  joinCallback: JoinCallback | undefined
  /** The sync that waits for the leader's. */
  syncCallback: SyncCallback | undefined
  /** When it counts as lost. */
  readonly session: Deadline

  constructor(identity: MemberIdentity, terms: MemberTerms, session: Deadline) {
    this.id = identity.memberId
    this.instanceId = identity.instanceId
    this.clientId = identity.clientId
    this.clientHost = identity.clientHost
    this.terms = terms
    this.session = session
  }

  get isStatic(): boolean {
    return this.instanceId !== undefined
  }

  get isAwaitingJoin(): boolean {
    return this.joinCallback !== undefined
  }

  /** A member that waits for us cannot heartbeat; one that was never answered may be long gone. */
  get isExcusedFromHeartbeat(): boolean {
    return !this.isNew && (this.joinCallback !== undefined || this.syncCallback !== undefined)
  }

  /** Bytes it makes us keep. */
  get size(): number {
    return memberOverhead + sizeOfProtocols(this.terms.protocols) + this.assignment.length
  }

  metadataFor(protocol: string | undefined): Buffer | undefined {
    return this.terms.protocols.find(({ name }) => name === protocol)?.metadata
  }

  /** The candidate it wants most. */
  voteAmong(candidates: ReadonlySet<string>): string | undefined {
    return this.terms.protocols.find(({ name }) => candidates.has(name))?.name
  }

  /** Same protocols, same metadata, same order. */
  offersTheSameAs(protocols: readonly MemberProtocol[]): boolean {
    const mine = this.terms.protocols
    return (
      mine.length === protocols.length &&
      mine.every(({ name, metadata }, index) => {
        const other = protocols[index]!
        return name === other.name && metadata.equals(other.metadata)
      })
    )
  }

  /** The session starts anew. */
  touch(): void {
    this.session.set(this.terms.sessionTimeoutMs)
  }
}

/** Bytes of names and metadata. */
export function sizeOfProtocols(protocols: readonly MemberProtocol[]): number {
  return protocols.reduce((size, { name, metadata }) => size + name.length + metadata.length, 0)
}

/** Copies that outlive the request; of protocols offered twice the first counts. */
export function ownProtocols(protocols: readonly MemberProtocol[]): MemberProtocol[] {
  const seen = new Set<string>()
  return protocols
    .filter(({ name }) => !seen.has(name) && seen.add(name))
    .map(({ name, metadata }) => ({ name, metadata: ownBytes(metadata) }))
}

/** A copy outside of the shared pool, which a long-lived slice would keep alive. */
export function ownBytes(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}
