// Loads what answers an API: how its messages are read, and its handler.
import { apiCodecs, type ApiName } from '../../codec/kafka/apis.gen.ts'
import type { Clock } from '../../lib/clock.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { servedApis } from './served-apis.ts'

/** Undefined when all of it is there; else resolves when it is. Rejects when it cannot be loaded now. */
export function loadApi(api: ApiName): Promise<unknown> | undefined {
  const codec = apiCodecs[api].late
  const handler = servedApis[api].late
  if (codec?.isLoaded !== false && handler?.isLoaded !== false) return undefined
  return Promise.all([codec?.load(), handler?.load()])
}

/** What many programs ask for: to make topics, to look at groups, to write in transactions, to be in a new group. */
const usual: readonly ApiName[] = [
  'createTopics',
  'deleteTopics',
  'createPartitions',
  'describeConfigs',
  'describeCluster',
  'listGroups',
  'describeGroups',
  'offsetForLeaderEpoch',
  'addPartitionsToTxn',
  'addOffsetsToTxn',
  'txnOffsetCommit',
  'endTxn',
  'consumerGroupHeartbeat',
]

/**
 * Loads what many ask for, one after the other with pauses for others. What cannot be loaded now is when somebody
 * asks for it.
 */
export async function loadUsualApis(clock: Clock, signal: AbortSignal): Promise<void> {
  for (const api of usual) {
    const loading = loadApi(api)
    if (loading === undefined) continue
    await loading.catch(() => undefined)
    await new Promise<void>((resolve) => void clock.after(kafkaLimits.kafkaLatePauseMs, resolve))
    if (signal.aborted) return
  }
}
