// Writes what of a consumer group the disk does not have: its epochs, the members that have changed, its patterns.
import type { GroupRow } from '../group-store.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import {
  encodeConsumerGroup,
  encodeConsumerGroupKey,
  encodeConsumerMember,
  encodeConsumerMemberKey,
  encodePattern,
  encodePatternKey,
} from './consumer-rows.ts'
import type { ChangesTaken, SavedCallback } from './unsaved-changes.ts'

/**
 * `done` is called within a step when all that the group is now is on stable storage: at once if it is already.
 * False: there is no room; it is tried again with what is saved next. One write is on its way at a time, because
 * what is written later makes no sense without what could not be written before it.
 */
export function saveConsumerGroup(group: ConsumerGroup, done: SavedCallback): void {
  const { unsaved } = group
  if (unsaved.inFlight !== undefined) unsaved.waiting.push(done)
  else if (unsaved.isEmpty) done(true)
  else write(group, [done])
}

function write(group: ConsumerGroup, callbacks: readonly SavedCallback[]): void {
  const { unsaved, context } = group
  const taken = unsaved.take()
  unsaved.inFlight = taken
  context.store.write(rowsOf(group, taken), (verdict) => {
    unsaved.inFlight = undefined
    if (verdict === 'full') unsaved.putBack(taken)
    const waiting = unsaved.waiting.splice(0)
    const isRetired = group.isRetired
    if (!isRetired && waiting.length > 0 && !unsaved.isEmpty) write(group, waiting.splice(0))
    context.answers.run(() => {
      for (const done of callbacks) done(verdict === 'durable')
      for (const done of waiting) done(!isRetired)
    })
  })
}

/** The answer to whoever has to try again. */
export function notSaved(): Refusal {
  return refusal('coordinator_not_available', 'There is no room to store the group.')
}

/** All rows that a group may have, for whoever takes its place. */
export function* keysOfConsumerGroup(group: ConsumerGroup): Generator<Buffer> {
  const { unsaved } = group
  if (unsaved.inFlight !== undefined) unsaved.putBack(unsaved.inFlight)
  const { members, patterns, formerKeys } = unsaved.take()
  yield encodeConsumerGroupKey(group.id)
  const memberIds = new Set([...members, ...Array.from(group.members(), ({ id }) => id)])
  for (const memberId of memberIds) yield encodeConsumerMemberKey(group.id, memberId)
  for (const pattern of new Set([...patterns, ...group.patterns.names()])) {
    yield encodePatternKey(group.id, pattern)
  }
  yield* formerKeys
}

function rowsOf(group: ConsumerGroup, taken: ChangesTaken): GroupRow[] {
  const rows: GroupRow[] = taken.formerKeys.map((key) => ({ key, value: undefined }))
  if (taken.hasGroup) {
    rows.push({ key: encodeConsumerGroupKey(group.id), value: encodeConsumerGroup(group) })
  }
  for (const memberId of taken.members) {
    const member = group.find(memberId)
    const value = member && encodeConsumerMember(member)
    rows.push({ key: encodeConsumerMemberKey(group.id, memberId), value })
  }
  for (const pattern of taken.patterns) {
    const isKept = group.patterns.isResolved(pattern)
    const value = isKept ? encodePattern(group.patterns.topicsOf(pattern)) : undefined
    rows.push({ key: encodePatternKey(group.id, pattern), value })
  }
  return rows
}
