// What a member says about itself, kept where it differs from what it said before.
import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, type MemberWishes, sizeOfWishes } from './consumer-member.ts'

export interface MemberNews {
  readonly clientId: string
  readonly clientHost: string
  readonly wishes: MemberWishes
}

/** Says whether the member reads other topics than before. */
export function changeMember(
  group: ConsumerGroup,
  member: ConsumerMember,
  { clientId, clientHost, wishes }: MemberNews,
): { readonly hasNames: boolean; readonly hasPattern: boolean } {
  const before = member.wishes
  const isSame = isSameWishes(before, wishes)
  const isSameClient = member.clientId === clientId && member.clientHost === clientHost
  if (isSame && isSameClient) return { hasNames: false, hasPattern: false }
  member.clientId = clientId
  member.clientHost = clientHost
  group.changeWishes(member, wishes)
  return {
    hasNames: !areSameNames(before.topicNames, wishes.topicNames),
    hasPattern: before.topicPattern !== wishes.topicPattern,
  }
}

/** Whether there is memory for what a member asks for, in place of what it asked for before. */
export function hasRoomForWishes(
  { context }: ConsumerGroup,
  member: ConsumerMember | undefined,
  asked: Pick<MemberWishes, 'topicNames' | 'topicPattern'> & Partial<MemberWishes>,
): boolean {
  const next = sizeOfWishes({ ...emptyWishes, ...asked })
  const before = member === undefined ? 0 : sizeOfWishes(member.wishes)
  return next <= before || context.budget.hasRoomFor(next - before)
}

/** Of a member that has not said anything yet. */
export const emptyWishes: MemberWishes = {
  rackId: undefined,
  rebalanceTimeoutMs: -1,
  topicNames: [],
  topicPattern: '',
  assignor: undefined,
  classic: undefined,
}

function isSameWishes(one: MemberWishes, other: MemberWishes): boolean {
  return (
    one.rackId === other.rackId &&
    one.rebalanceTimeoutMs === other.rebalanceTimeoutMs &&
    one.topicPattern === other.topicPattern &&
    one.assignor === other.assignor &&
    one.classic === other.classic &&
    areSameNames(one.topicNames, other.topicNames)
  )
}

function areSameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index])
}
