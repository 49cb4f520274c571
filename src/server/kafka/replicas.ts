// Requests about replicas, of which every partition has one, on the broker that serves it: ElectLeaders,
// AlterPartitionReassignments, ListPartitionReassignments and AlterReplicaLogDirs.
import {
  type AlterPartitionReassignmentsRequest,
  type ReassignablePartition,
  type ReassignableTopicResponse,
  writeReassignableTopicResponse,
} from '../../codec/kafka/messages/alter-partition-reassignments.gen.ts'
import {
  type AlterReplicaLogDirsRequest,
  type AlterReplicaLogDirTopicResult,
  writeAlterReplicaLogDirTopicResult,
} from '../../codec/kafka/messages/alter-replica-log-dirs.gen.ts'
import {
  type ReplicaElectionResult,
  type TopicPartitions,
  writeReplicaElectionResult,
} from '../../codec/kafka/messages/elect-leaders.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { answerEach } from './answer-each.ts'
import { logDir } from './cluster.ts'
import { answerTo, codeOf, type ErrorAnswer, KafkaRefusal, noError } from './error-code.ts'
import { leaderOf } from './leader-of.ts'
import { clusterRefusal } from './permitted-on-cluster.ts'
import { checkReplicas } from './replica-assignment.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter } from './write-in-slices.ts'

/** Before it there is an error for each partition only. */
const wholeErrorVersion = 1
/** 0 for the preferred leader, 1 for one that may lack records. */
const electionTypes: ReadonlySet<number> = new Set([0, 1])

export const handleElectLeaders: Handler<'electLeaders'> = async (request, context) => {
  const { electionType, topicPartitions: asked } = request
  if (!electionTypes.has(electionType)) {
    const errorCode = codeOf('INVALID_REQUEST')
    return { throttleTimeMs: 0, errorCode, replicaElectionResults: [] }
  }
  const refusal = context.apiVersion >= wholeErrorVersion ? refusalFor(context) : undefined
  const errorCode = refusal?.errorCode ?? noError
  // Asked for all partitions, Kafka names only those that got another leader.
  const replicaElectionResults =
    asked === null ? [] : await context.slices.run(electLeaders(asked, context))
  return { throttleTimeMs: 0, errorCode, replicaElectionResults }
}

/** For who may not alter the cluster; undefined for who may. */
function refusalFor({ access }: RequestContext): ErrorAnswer | undefined {
  return access.needsCluster('alter') ? undefined : clusterRefusal
}

function* electLeaders(
  asked: readonly TopicPartitions[],
  context: RequestContext,
): Steps<readonly ReplicaElectionResult[]> {
  const results = new ItemWriter('electLeaders', context, writeReplicaElectionResult)
  for (const { topic, partitions } of asked) {
    const partitionResult = yield* answerEach(partitions, (partitionId) => ({
      partitionId,
      ...(refusalFor(context) ?? answerTo(electionRefusal(topic, partitionId, context))),
    }))
    results.add({ topic, partitionResult })
  }
  return results.finish()
}

/** Whatever the kind of election: a partition has its leader, or nobody serves its cell at the moment. */
function electionRefusal(topic: string, index: number, context: RequestContext): KafkaRefusal {
  const view = context.topics.find(topic)
  if (view === undefined) {
    return new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topic}`)
  }
  if (view.partitions[index] === undefined) {
    return new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topic}-${index}`)
  }
  const { leaderId } = leaderOf(view, index, context)
  return new KafkaRefusal(leaderId < 0 ? 'ELIGIBLE_LEADERS_NOT_AVAILABLE' : 'ELECTION_NOT_NEEDED')
}

export const handleAlterPartitionReassignments: Handler<'alterPartitionReassignments'> = async (
  request,
  context,
) => ({
  throttleTimeMs: 0,
  allowReplicationFactorChange: request.allowReplicationFactorChange,
  ...(refusalFor(context) ?? { errorCode: noError, errorMessage: null }),
  responses: await context.slices.run(reassign(request, context)),
})

function* reassign(
  request: AlterPartitionReassignmentsRequest,
  context: RequestContext,
): Steps<readonly ReassignableTopicResponse[]> {
  const responses = new ItemWriter(
    'alterPartitionReassignments',
    context,
    writeReassignableTopicResponse,
  )
  for (const { name, partitions: asked } of request.topics) {
    const partitions = yield* answerEach(asked, (partition) => ({
      partitionIndex: partition.partitionIndex,
      ...(refusalFor(context) ?? reassignOne(name, partition, context)),
    }))
    responses.add({ name, partitions })
  }
  return responses.finish()
}

/** A partition that is to have the replica that it has is done. */
function reassignOne(
  topic: string,
  { partitionIndex, replicas }: ReassignablePartition,
  context: RequestContext,
): ErrorAnswer {
  try {
    const view = context.topics.find(topic)
    if (view?.partitions[partitionIndex] === undefined) {
      const missing =
        view === undefined ? `topic named ${topic}` : `partition ${topic}-${partitionIndex}`
      throw new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a ${missing}.`)
    }
    if (replicas === null) throw new KafkaRefusal('NO_REASSIGNMENT_IN_PROGRESS')
    checkReplicas(replicas, context.settings, leaderOf(view, partitionIndex, context).leaderId)
    return { errorCode: noError, errorMessage: null }
  } catch (error) {
    return answerTo(error)
  }
}

/** A reassignment is over with its answer. */
export const handleListPartitionReassignments: Handler<'listPartitionReassignments'> = () => ({
  throttleTimeMs: 0,
  errorCode: noError,
  errorMessage: null,
  topics: [],
})

export const handleAlterReplicaLogDirs: Handler<'alterReplicaLogDirs'> = async (
  request,
  context,
) => ({ throttleTimeMs: 0, results: await context.slices.run(moveReplicas(request, context)) })

function* moveReplicas(
  { dirs }: AlterReplicaLogDirsRequest,
  context: RequestContext,
): Steps<readonly AlterReplicaLogDirTopicResult[]> {
  const results = new ItemWriter('alterReplicaLogDirs', context, writeAlterReplicaLogDirTopicResult)
  for (const { path, topics } of dirs) {
    for (const { name: topicName, partitions: asked } of topics) {
      const partitions = yield* answerEach(asked, (partitionIndex) => ({
        partitionIndex,
        errorCode: moveReplica(path, topicName, partitionIndex, context),
      }))
      results.add({ topicName, partitions })
    }
    yield
  }
  return results.finish()
}

/** There is one folder, and everything is in it. */
function moveReplica(path: string, topic: string, index: number, context: RequestContext): number {
  const refusal = refusalFor(context)
  if (refusal !== undefined) return refusal.errorCode
  if (path !== logDir) return codeOf('LOG_DIR_NOT_FOUND')
  const isKnown = context.led.find(topic)?.led(index) !== undefined
  return isKnown ? noError : codeOf('UNKNOWN_TOPIC_OR_PARTITION')
}
