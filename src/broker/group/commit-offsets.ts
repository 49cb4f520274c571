// OffsetCommit: a group's offsets go to stable storage, then show, then are answered.
import { groupLimits } from '../../limits/group.ts'
import type { CommittedOffset, TopicPartition } from './committed-offset.ts'
import { refusalOfConsumerCommit } from './consumer/check-offset-request.ts'
import type { GroupErrorCode } from './group-error.ts'
import { encodeOffset, encodeOffsetKey, forgetPending } from './group-rows.ts'
import type { GroupRow } from './group-store.ts'
import type { AnyGroup } from './group-table.ts'
import type { Group } from './group.ts'

/** One partition's offset in a commit. */
export interface OffsetToCommit extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number
  /** −1 when the client does not say. */
  readonly leaderEpoch: number
  /** The client's own note. */
  readonly metadata: string
}

/** A request to commit. */
export interface CommitRequest {
  readonly groupId: string
  /** Empty, with a negative generation: not a member, an operator or a reader on its own. */
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly generation: number
  readonly offsets: readonly OffsetToCommit[]
  /** From clients before Kafka 2.1, in place of the retention of the broker. */
  readonly retentionMs: number | undefined
  /** OffsetCommit v9 and later are told that a group does not exist; others, of its generation. */
  readonly knowsMissingGroup: boolean
  /** Done in the atom that keeps the offsets. The broker itself commits, whoever is in the group. */
  readonly within?: (() => void) | undefined
}

/** Called exactly once; errors are in the order of the request's offsets, undefined where it is durable. */
export type CommitCallback = (errors: readonly (GroupErrorCode | undefined)[]) => void

/** Why this asker may not commit to the group now. */
export function refusalOfCommit(
  group: AnyGroup,
  request: CommitRequest,
): GroupErrorCode | undefined {
  if (request.within !== undefined && group.state !== 'Dead') return undefined
  return group.kind === 'classic'
    ? refusalOfClassicCommit(group, request)
    : refusalOfConsumerCommit(group, request)
}

function refusalOfClassicCommit(group: Group, request: CommitRequest): GroupErrorCode | undefined {
  const { memberId, instanceId, generation } = request
  if (group.state === 'Dead') return 'coordinator_not_available'
  if (generation < 0 && group.state === 'Empty') return undefined
  if (generation < 0 && memberId === '' && instanceId === undefined) return 'unknown_member_id'
  const error = group.checkMember(memberId, instanceId)
  if (error !== undefined) return error
  if (generation !== group.generation) return 'illegal_generation'
  return group.state === 'CompletingRebalance' ? 'rebalance_in_progress' : undefined
}

/** Commits what has no error yet. `errors` is filled in and given back. */
export function commitOffsets(
  group: AnyGroup,
  request: CommitRequest,
  errors: (GroupErrorCode | undefined)[],
  callback: CommitCallback,
): void {
  // A commit is a sign of life. In CompletingRebalance it is refused above.
  if (group.kind === 'classic') group.members.find(request.memberId)?.touch()
  const { clock, store, answers, budget, config, admission } = group.context
  const committedMs = clock.now()
  const expiresMs =
    request.retentionMs === undefined ? undefined : committedMs + request.retentionMs
  const accepted: { place: OffsetToCommit; committed: CommittedOffset; index: number }[] = []
  request.offsets.forEach((place, index) => {
    if (errors[index] !== undefined) return
    const { offset, leaderEpoch, metadata } = place
    if (metadata.length > config.offsetMetadataSizeMax) {
      errors[index] = 'offset_metadata_too_large'
    } else if (!hasRoomFor(group, place) || !budget.hasRoomFor(metadata.length * 2)) {
      errors[index] = 'policy_violation'
    } else if (!group.offsets.holds(place) && !admission.mayDeclare) {
      errors[index] = 'coordinator_not_available'
    } else {
      group.offsets.startWrite(place)
      const committed = { offset, leaderEpoch, metadata, committedMs, expiresMs }
      accepted.push({ place, committed, index })
    }
  })
  if (accepted.length === 0) {
    callback(errors)
    return
  }
  const { pending } = group.offsets
  // What a transaction has committed before counts no more: the later one in the log wins, as in Kafka.
  const replaced = pending.count > 0 ? accepted.flatMap(({ place }) => [...pending.at(place)]) : []
  for (const each of replaced) pending.remove(each)
  const rows: GroupRow[] = accepted.map(({ place, committed }) => ({
    key: encodeOffsetKey(group.id, place),
    value: encodeOffset(committed),
  }))
  rows.push(...replaced.map((each) => forgetPending(group.id, each)))
  store.write(
    rows,
    (verdict) => {
      for (const each of replaced) {
        if (verdict === 'durable') pending.release(each.place, undefined)
        else pending.restore(each)
      }
      for (const { place, committed, index } of accepted) {
        group.offsets.finishWrite(place, verdict === 'durable' ? committed : undefined)
        if (verdict === 'durable') {
          group.context.events.onCommitted?.(group.id, place, committed.offset)
        }
        if (verdict === 'full') errors[index] = 'policy_violation'
      }
      answers.run(() => callback(errors))
    },
    request.within,
  )
}

function hasRoomFor(group: AnyGroup, place: TopicPartition): boolean {
  return group.offsets.holds(place) || group.offsets.count < groupLimits.groupOffsetsMax
}
