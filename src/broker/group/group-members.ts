// The members of one group, with the counts that its decisions need kept beside them: who waits for
// a rebalance, how many offer each protocol, what they weigh.
// Invariant: at least one protocol is offered by every member.
import { assert } from '../../lib/assert.ts'
import type { GroupBudget } from './group-budget.ts'
import type { GroupMember, MemberProtocol, MemberTerms } from './group-member.ts'
import type { JoinCallback } from './join-answer.ts'

/** Members in the order they came. */
export class GroupMembers {
  readonly #budget: GroupBudget
  readonly #members = new Map<string, GroupMember>()
  readonly #idsByInstance = new Map<string, string>()
  readonly #protocolCounts = new Map<string, number>()
  #awaitingJoinCount = 0
  #size = 0

  constructor(budget: GroupBudget) {
    this.#budget = budget
  }

  get count(): number {
    return this.#members.size
  }

  get awaitingJoinCount(): number {
    return this.#awaitingJoinCount
  }

  /** Bytes they make us keep. */
  get size(): number {
    return this.#size
  }

  find(memberId: string): GroupMember | undefined {
    return this.#members.get(memberId)
  }

  /** The member id that holds the place of a static member. */
  findIdOfInstance(instanceId: string): string | undefined {
    return this.#idsByInstance.get(instanceId)
  }

  /** May be changed while it is walked. */
  values(): IterableIterator<GroupMember> {
    return this.#members.values()
  }

  add(member: GroupMember): void {
    assert(!this.#members.has(member.id), 'a member is added once')
    if (member.instanceId !== undefined) {
      assert(!this.#idsByInstance.has(member.instanceId), 'an instance has one member')
      this.#idsByInstance.set(member.instanceId, member.id)
    }
    this.#members.set(member.id, member)
    this.#countProtocols(member, 1)
    this.#resize(member.size)
  }

  /** Forgets it; the caller has answered what it waited for. */
  remove(member: GroupMember): void {
    assert(!member.isAwaitingJoin && member.syncCallback === undefined, 'no answer may be lost')
    if (!this.#members.delete(member.id)) return
    if (member.instanceId !== undefined) this.#idsByInstance.delete(member.instanceId)
    this.#countProtocols(member, -1)
    this.#resize(-member.size)
  }

  changeTerms(member: GroupMember, terms: MemberTerms): void {
    this.#countProtocols(member, -1)
    this.#resize(-member.size)
    member.terms = terms
    this.#countProtocols(member, 1)
    this.#resize(member.size)
  }

  assign(member: GroupMember, assignment: Buffer): void {
    this.#resize(assignment.length - member.assignment.length)
    member.assignment = assignment
  }

  awaitJoin(member: GroupMember, callback: JoinCallback): void {
    assert(!member.isAwaitingJoin, 'one join of a member waits at a time')
    member.joinCallback = callback
    this.#awaitingJoinCount++
  }

  /** What waits for the rebalance, if anything; from now on it does not. */
  takeJoin(member: GroupMember): JoinCallback | undefined {
    const callback = member.joinCallback
    if (callback === undefined) return undefined
    member.joinCallback = undefined
    this.#awaitingJoinCount--
    return callback
  }

  /** Is there a protocol among these that everyone here offers? */
  shareOneOf(protocols: readonly MemberProtocol[]): boolean {
    return protocols.some(({ name }) => (this.#protocolCounts.get(name) ?? 0) === this.count)
  }

  /** The protocol that most members want most of those all offer; the elder's on a tie. */
  vote(): string {
    const candidates = new Set<string>()
    for (const [name, count] of this.#protocolCounts) {
      if (count === this.count) candidates.add(name)
    }
    const votes = new Map<string, number>()
    for (const member of this.#members.values()) {
      const name = member.voteAmong(candidates)
      if (name !== undefined) votes.set(name, (votes.get(name) ?? 0) + 1)
    }
    const [winner] = [...votes].sort(([, first], [, second]) => second - first)
    assert(winner !== undefined, 'members share a protocol')
    return winner[0]
  }

  rebalanceTimeoutMs(): number {
    let longestMs = 0
    for (const { terms } of this.#members.values()) {
      longestMs = Math.max(longestMs, terms.rebalanceTimeoutMs)
    }
    return longestMs
  }

  #countProtocols(member: GroupMember, change: 1 | -1): void {
    for (const { name } of member.terms.protocols) {
      const count = (this.#protocolCounts.get(name) ?? 0) + change
      if (count === 0) this.#protocolCounts.delete(name)
      else this.#protocolCounts.set(name, count)
    }
  }

  #resize(change: number): void {
    this.#size += change
    if (change > 0) this.#budget.take(change)
    else this.#budget.giveBack(-change)
  }
}
