// What makes committed offsets go: requests, topics that are deleted, time.
import type { CommittedOffset, TopicPartition } from './committed-offset.ts'
import type { GroupErrorCode } from './group-error.ts'
import { encodeGroupKey, encodeOffsetKey, forgetPending } from './group-rows.ts'
import type { GroupRow, GroupVerdict } from './group-store.ts'
import type { Group } from './group.ts'

/** Deletes rows of these partitions, then what is in memory. `done` within a step. */
export function deleteOffsets(
  group: Group,
  places: readonly TopicPartition[],
  done: (verdict: GroupVerdict) => void,
): void {
  const { store, answers } = group.context
  const { offsets } = group
  const rows = rowsToDelete(group, places)
  const pending =
    offsets.pending.count > 0 ? places.flatMap((at) => [...offsets.pending.at(at)]) : []
  // Their transactions do not bring them back.
  for (const each of pending) offsets.pending.remove(each)
  store.write(rows, (verdict) => {
    const isDurable = verdict === 'durable'
    for (const each of pending) {
      if (isDurable) offsets.pending.release(each.place, undefined)
      else offsets.pending.restore(each)
    }
    if (isDurable) for (const place of places) offsets.delete(place)
    answers.run(() => done(verdict))
  })
}

/** Deletes an empty group with all its offsets. Until that is durable the group is Dead. */
export function deleteGroup(group: Group, done: (verdict: GroupVerdict) => void): void {
  const { store, answers } = group.context
  const rows = rowsToDelete(group, [...group.offsets.partitions()])
  rows.push({ key: encodeGroupKey(group.id), value: undefined })
  group.transitionTo('Dead')
  store.write(rows, (verdict) => {
    answers.run(() => {
      if (verdict === 'durable') {
        group.close('coordinator_not_available')
        group.offsets.clear()
      } else {
        group.transitionTo('Empty')
      }
      done(verdict)
    })
  })
}

/** Why offsets of this group may not be deleted at all. */
export function refusalOfOffsetDelete(group: Group): GroupErrorCode | undefined {
  if (group.state === 'Dead') return 'group_id_not_found'
  return group.state === 'Empty' || group.isConsumerGroup ? undefined : 'non_empty_group'
}

/**
 * Offsets that outlived their retention: in an empty group from the day it emptied, in a group
 * without members' protocol from the commit, in a stable one where nobody reads the topic any more.
 */
export function expiredOffsets(group: Group): TopicPartition[] {
  const expired: TopicPartition[] = []
  if (group.protocolType !== undefined && group.state !== 'Empty') {
    const isKnown = group.isConsumerGroup && group.subscribedTopics !== undefined
    if (!isKnown || group.state !== 'Stable') return expired
  }
  for (const topic of group.offsets.topics()) {
    if (group.isSubscribedTo(topic)) continue
    for (const [partition, committed] of group.offsets.committedIn(topic)) {
      const place = { topic, partition }
      if (isExpired(group, committed) && !group.offsets.isBeingWritten(place)) expired.push(place)
    }
  }
  return expired
}

function isExpired(group: Group, committed: CommittedOffset): boolean {
  const { clock, config } = group.context
  if (committed.expiresMs !== undefined) return clock.now() >= committed.expiresMs
  const isUnused = group.protocolType !== undefined && group.state === 'Empty'
  const unusedSinceMs = isUnused
    ? Math.max(group.stateSinceMs, committed.committedMs)
    : committed.committedMs
  return clock.now() - unusedSinceMs >= config.offsetsRetentionMs
}

function rowsToDelete(group: Group, places: readonly TopicPartition[]): GroupRow[] {
  const { pending } = group.offsets
  return places.flatMap((place) => [
    { key: encodeOffsetKey(group.id, place), value: undefined },
    ...Array.from(pending.at(place), (each) => forgetPending(group.id, each)),
  ])
}
