// What makes committed offsets go: requests, topics that are deleted, time.
import type { CommittedOffset, TopicPartition } from './committed-offset.ts'
import { consumerParts } from './consumer/consumer-parts.ts'
import type { GroupErrorCode } from './group-error.ts'
import { encodeGroupKey, encodeOffsetKey, forgetPending } from './group-rows.ts'
import type { GroupRow, GroupVerdict } from './group-store.ts'
import type { AnyGroup } from './group-table.ts'

/** Deletes rows of these partitions, then what is in memory. `done` within a step. */
export function deleteOffsets(
  group: AnyGroup,
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
export function deleteGroup(group: AnyGroup, done: (verdict: GroupVerdict) => void): void {
  const { store, answers } = group.context
  const rows = rowsToDelete(group, [...group.offsets.partitions()])
  for (const key of keysOf(group)) rows.push({ key, value: undefined })
  if (group.kind === 'classic') group.transitionTo('Dead')
  else group.beginDelete()
  store.write(rows, (verdict) => {
    answers.run(() => {
      if (verdict === 'durable') {
        if (group.kind === 'classic') group.close('coordinator_not_available')
        else group.retire()
        group.offsets.clear()
      } else if (group.kind === 'classic') {
        group.transitionTo('Empty')
      } else {
        group.endDelete()
      }
      done(verdict)
    })
  })
}

/** Why offsets of this group may not be deleted at all. */
export function refusalOfOffsetDelete(group: AnyGroup): GroupErrorCode | undefined {
  if (group.state === 'Dead') return 'group_id_not_found'
  const isConsumerGroup = group.kind === 'consumer' || group.isConsumerGroup
  return group.state === 'Empty' || isConsumerGroup ? undefined : 'non_empty_group'
}

/**
 * Offsets that outlived their retention: in an empty group from the day it emptied, in a group
 * without members' protocol from the commit, in a stable one where nobody reads the topic any more.
 */
export function expiredOffsets(group: AnyGroup): TopicPartition[] {
  const expired: TopicPartition[] = []
  if (group.kind === 'classic' && group.protocolType !== undefined && group.state !== 'Empty') {
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

function isExpired(group: AnyGroup, committed: CommittedOffset): boolean {
  const { clock, config } = group.context
  if (committed.expiresMs !== undefined) return clock.now() >= committed.expiresMs
  const hasProtocol = group.kind === 'consumer' || group.protocolType !== undefined
  const isUnused = hasProtocol && group.state === 'Empty'
  const unusedSinceMs = isUnused
    ? Math.max(group.stateSinceMs, committed.committedMs)
    : committed.committedMs
  return clock.now() - unusedSinceMs >= config.offsetsRetentionMs
}

/** Rows of an empty group beside those of its offsets. */
function keysOf(group: AnyGroup): readonly Buffer[] {
  return group.kind === 'classic'
    ? [encodeGroupKey(group.id), ...group.formerKeys]
    : [...consumerParts.value.keysOfConsumerGroup(group)]
}

function rowsToDelete(group: AnyGroup, places: readonly TopicPartition[]): GroupRow[] {
  const { pending } = group.offsets
  return places.flatMap((place) => [
    { key: encodeOffsetKey(group.id, place), value: undefined },
    ...Array.from(pending.at(place), (each) => forgetPending(group.id, each)),
  ])
}
