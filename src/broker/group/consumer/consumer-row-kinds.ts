// How rows of groups of the consumer protocol are told from others.
import type { GroupRow } from '../group-store.ts'

/** The first byte of their keys. */
export const consumerRowKinds = { group: 4, member: 5, pattern: 6 } as const

/** Whether a row is one of these. */
export function isConsumerRow({ key }: GroupRow): boolean {
  return key[0] === consumerRowKinds.group || isPartRow(key[0])
}

/** Whether it is of a part of a group, which has a name. */
export function isPartRow(kind: number | undefined): boolean {
  return kind === consumerRowKinds.member || kind === consumerRowKinds.pattern
}
