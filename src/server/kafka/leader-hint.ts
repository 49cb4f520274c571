// KIP-951: a fetcher that knows an old leader, or one of an old epoch, is told the present one with the error, and
// need not ask for metadata.
import type { Partition } from '../../broker/topic/partition.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type { LeaderIdAndEpoch, NodeEndpoint } from '../../codec/kafka/messages/fetch.gen.ts'
import type { RequestContext } from './request-context.ts'

/** Of Fetch. */
const hintVersion = 16

/** What a refused partition has besides its error; nothing for errors that another leader does not help. */
export function leaderHint(
  problem: KafkaErrorName | undefined,
  partition: Partition | undefined,
  { apiVersion, settings }: RequestContext,
): { readonly currentLeader?: LeaderIdAndEpoch } {
  const isHelp = problem === 'FENCED_LEADER_EPOCH' && apiVersion >= hintVersion
  if (!isHelp || partition === undefined) return {}
  return { currentLeader: { leaderId: settings.nodeId, leaderEpoch: partition.leaderEpoch } }
}

/** Where the leader of every partition is. */
export function leaderEndpoint({ settings, client }: RequestContext): NodeEndpoint {
  const { host, port } = client.advertised
  return { nodeId: settings.nodeId, host, port, rack: null }
}
