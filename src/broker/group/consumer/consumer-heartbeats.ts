// Heartbeats of the consumer protocol as they come: what is unsound is refused, what needs topics matched waits for
// that. Texts of refusals are Kafka's.
import { PatternError } from '../../../lib/name-pattern.ts'
import { finishAtOnce } from '../../../lib/slices.ts'
import { groupLimits } from '../../../limits/group.ts'
import type { GroupTable } from '../group-table.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { heartbeat } from './consumer-heartbeat.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatCallback } from './consumer-messages.ts'
import type { ResolvedPattern } from './group-patterns.ts'
import { compileTopicPattern, resolvePatterns } from './resolve-patterns.ts'

export class ConsumerHeartbeats {
  readonly #table: GroupTable
  /** Groups whose topics are being matched. */
  readonly #matching = new Set<string>()

  constructor(table: GroupTable) {
    this.#table = table
  }

  take(request: ConsumerHeartbeat, callback: ConsumerHeartbeatCallback): void {
    const refused = refusalOf(request, this.#table)
    if (refused !== undefined) {
      callback(refused)
      return
    }
    const { answers } = this.#table.context
    const finish = (resolved: readonly ResolvedPattern[]): void => {
      answers.run(() => {
        heartbeat(this.#table, request, resolved, (said) => answers.push(() => callback(said)))
      })
    }
    const patterns = this.#patternsToMatch(request)
    if (patterns.length === 0) finish([])
    else this.#match(patterns, request, finish)
  }

  #match(
    patterns: readonly string[],
    request: ConsumerHeartbeat,
    finish: (resolved: readonly ResolvedPattern[]) => void,
  ): void {
    const { topics, slices } = this.#table.context
    const { groupId } = request
    const steps = resolvePatterns(patterns, topics, (topic) => request.mayDescribe(topic))
    if (slices === undefined || isShort(topics.names(), patterns.length)) {
      finish(finishAtOnce(steps))
      return
    }
    this.#matching.add(groupId)
    void slices.run(steps).then((resolved) => {
      this.#matching.delete(groupId)
      finish(resolved)
    })
  }

  /** Those of the request and of the group whose topics are not known, or may be others by now. */
  #patternsToMatch({ groupId, memberEpoch, topicPattern }: ConsumerHeartbeat): string[] {
    if (memberEpoch < 0) return []
    const found = this.#table.find(groupId)
    const group = found?.kind === 'consumer' ? found : undefined
    const isNew =
      topicPattern !== undefined && topicPattern !== '' && !group?.patterns.isResolved(topicPattern)
    const asked = isNew ? [topicPattern] : []
    if (group === undefined || this.#matching.has(groupId) || !isStale(group)) return asked
    return [...new Set([...group.patterns.names(), ...asked])]
  }
}

function isStale({ patterns, context }: ConsumerGroup): boolean {
  if (patterns.count === 0) return false
  const { lookedUp } = patterns
  if (lookedUp === undefined || patterns.hasUnresolved) return true
  const ageMs = context.clock.monotonic() - lookedUp.atMs
  if (ageMs >= groupLimits.patternRefreshMsMax) return true
  return lookedUp.version !== context.topics.version && ageMs >= groupLimits.patternRefreshMsMin
}

function isShort(names: Iterable<string>, patternCount: number): boolean {
  let looks = 0
  for (const _ of names) {
    looks += patternCount
    if (looks > groupLimits.patternLooksAtOnceMax) return false
  }
  return true
}

function refusalOf(request: ConsumerHeartbeat, { context }: GroupTable): Refusal | undefined {
  const reason = whyUnsound(request)
  if (reason !== undefined) return refusal('invalid_request', reason)
  const { assignor, topicPattern } = request
  const { assignors } = context.config.consumer
  if (assignor !== undefined && !assignors.includes(assignor)) {
    return refusal(
      'unsupported_assignor',
      `ServerAssignor ${assignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    )
  }
  return topicPattern === undefined ? undefined : refusalOfPattern(topicPattern)
}

function refusalOfPattern(pattern: string): Refusal | undefined {
  if (pattern === '') return undefined
  try {
    compileTopicPattern(pattern)
    return undefined
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return refusal(
      'invalid_regular_expression',
      `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${error.message}.`,
    )
  }
}

function whyUnsound(request: ConsumerHeartbeat): string | undefined {
  const { groupId, memberId, memberEpoch, instanceId, rackId } = request
  const needsMemberId = request.hasOwnMemberId || memberEpoch > 0 || memberEpoch === -1
  if (needsMemberId && memberId === '') return "MemberId can't be empty."
  if (groupId === '') return "GroupId can't be empty."
  if (instanceId === '') return "InstanceId can't be empty."
  if (rackId === '') return "RackId can't be empty."
  if (memberEpoch === 0) return whyUnsoundJoin(request)
  if (memberEpoch === -2 && instanceId === undefined) return "InstanceId can't be null."
  return memberEpoch < -2 ? 'MemberEpoch is invalid.' : undefined
}

function whyUnsoundJoin(request: ConsumerHeartbeat): string | undefined {
  const { rebalanceTimeoutMs, owned, topicNames, topicPattern } = request
  if (rebalanceTimeoutMs === undefined) {
    return 'RebalanceTimeoutMs must be provided in first request.'
  }
  if (owned === undefined || owned.size > 0) {
    return 'TopicPartitions must be empty when (re-)joining.'
  }
  if (topicNames === undefined && topicPattern === undefined) {
    return 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.'
  }
  return undefined
}
