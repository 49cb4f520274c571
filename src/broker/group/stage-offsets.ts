// TxnOffsetCommit: offsets of a transaction go to stable storage and are answered; they show when the
// transaction has been committed, with its markers (KIP-98, KIP-447).
import { groupLimits } from '../../limits/group.ts'
import type { CommitCallback, CommitRequest, OffsetToCommit } from './commit-offsets.ts'
import { refusalOfConsumerStaging } from './consumer/check-offset-request.ts'
import type { GroupErrorCode } from './group-error.ts'
import { encodeOffset, encodeOffsetKey, encodePendingKey, forgetPending } from './group-rows.ts'
import type { GroupRow } from './group-store.ts'
import type { AnyGroup } from './group-table.ts'
import type { PendingOffset } from './pending-offsets.ts'

/** A request to commit with the transaction of a producer. */
export interface TransactionalCommit extends Omit<CommitRequest, 'retentionMs'> {
  readonly producerId: number
}

/** How the transaction of a producer ends in some groups. */
export interface GroupsEnd {
  readonly producerId: number
  readonly isCommit: boolean
  readonly groups: readonly string[]
}

/**
 * Why this asker may not commit to the group now. Clients before Kafka 2.5 do not say which member they are,
 * and a rebalance changes nothing: whose partitions they were is known by the epoch of the transaction.
 */
export function refusalOfStaging(
  group: AnyGroup,
  { memberId, instanceId, generation }: TransactionalCommit,
): GroupErrorCode | undefined {
  if (group.state === 'Dead') return 'coordinator_not_available'
  if (group.kind === 'consumer') {
    return refusalOfConsumerStaging(group, { memberId, instanceId, generation })
  }
  if (generation < 0 && group.state === 'Empty') return undefined
  if (generation < 0 && memberId === '' && instanceId === undefined) return undefined
  const error = group.checkMember(memberId, instanceId)
  if (error !== undefined) return error
  return generation === group.generation ? undefined : 'illegal_generation'
}

/** Keeps what has no error yet. `errors` is filled in and given back. */
export function stageOffsets(
  group: AnyGroup,
  request: TransactionalCommit,
  errors: (GroupErrorCode | undefined)[],
  callback: CommitCallback,
): void {
  const { clock, store, answers } = group.context
  const committedMs = clock.now()
  const accepted: { pending: PendingOffset; index: number }[] = []
  request.offsets.forEach((place, index) => {
    errors[index] ??= refusalOfPlace(group, place)
    if (errors[index] !== undefined) return
    const { offset, leaderEpoch, metadata } = place
    const committed = { offset, leaderEpoch, metadata, committedMs, expiresMs: undefined }
    const { topic, partition } = place
    const pending = { producerId: request.producerId, place: { topic, partition }, committed }
    // From here on it is unstable: the end of the transaction may come before the write is done.
    group.offsets.pending.add(pending)
    accepted.push({ pending, index })
  })
  if (accepted.length === 0) {
    callback(errors)
    return
  }
  const rows = accepted.map(({ pending }) => pendingRow(group.id, pending))
  store.write(rows, (verdict) => {
    for (const { pending, index } of verdict === 'full' ? accepted : []) {
      errors[index] = 'policy_violation'
      drop(group, pending)
    }
    answers.run(() => callback(errors))
  })
}

/**
 * Ends what a transaction has committed to a group. Within an atom; the function that it returns is to be called
 * when that is durable. Undefined: there is nothing, as after a crash behind the markers.
 */
export function endPending(
  group: AnyGroup,
  { producerId, isCommit }: Omit<GroupsEnd, 'groups'>,
): (() => void) | undefined {
  const { offsets } = group
  const { pending } = offsets
  const ended = pending.take(producerId)
  if (ended.length === 0) return undefined
  group.context.store.put(
    ended.flatMap(({ place, committed }) => {
      // First what gives room: there is enough for the other then.
      const rows: GroupRow[] = [forgetPending(group.id, { producerId, place })]
      if (isCommit) {
        rows.push({ key: encodeOffsetKey(group.id, place), value: encodeOffset(committed) })
      }
      return rows
    }),
  )
  return () => {
    if (offsets.isGone) return
    for (const { place, committed } of ended) {
      pending.release(place, isCommit ? committed : undefined)
      if (isCommit) group.context.events.onCommitted?.(group.id, place, committed.offset)
    }
  }
}

function pendingRow(groupId: string, { producerId, place, committed }: PendingOffset): GroupRow {
  return { key: encodePendingKey(groupId, producerId, place), value: encodeOffset(committed) }
}

/** It could not be kept. */
function drop({ offsets: { pending } }: AnyGroup, dropped: PendingOffset): void {
  if (pending.find(dropped.producerId, dropped.place) !== dropped) return
  pending.remove(dropped)
  pending.release(dropped.place, undefined)
}

function refusalOfPlace(group: AnyGroup, place: OffsetToCommit): GroupErrorCode | undefined {
  const { budget, config, admission } = group.context
  const { length } = place.metadata
  const { offsets } = group
  if (length > config.offsetMetadataSizeMax) return 'offset_metadata_too_large'
  const isFull =
    offsets.pending.count >= groupLimits.groupOffsetsMax ||
    (!offsets.holds(place) && offsets.count >= groupLimits.groupOffsetsMax)
  if (isFull || !budget.hasRoomFor(length * 2)) return 'policy_violation'
  return offsets.holds(place) || admission.mayDeclare ? undefined : 'coordinator_not_available'
}
