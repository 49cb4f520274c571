import { zeroUuid } from '../../src/codec/kafka/field-defaults.ts'
import type {
  FetchRequest,
  FetchTopic,
  ReplicaState,
} from '../../src/codec/kafka/messages/fetch.gen.ts'

const replicaState: ReplicaState = { replicaId: -1, replicaEpoch: -1 }

/** A fetch as consumers send it, without a session unless `rest` names one. */
export function fetchRequest(
  topics: readonly FetchTopic[],
  rest: Pick<FetchRequest, 'maxWaitMs' | 'minBytes' | 'maxBytes'> & Partial<FetchRequest>,
): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    replicaState,
    isolationLevel: 0,
    rackId: '',
    sessionId: 0,
    sessionEpoch: -1,
    topics,
    forgottenTopicsData: [],
    ...rest,
  }
}

/** Partition 0 of a topic, from its start. */
export function fetchFromStart(topic: string, partitionMaxBytes: number): FetchTopic {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes,
    replicaDirectoryId: zeroUuid,
    highWatermark: Number.MAX_SAFE_INTEGER,
  }
  return { topic, topicId: '', partitions: [partition] }
}
