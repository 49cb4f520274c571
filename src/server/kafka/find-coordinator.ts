// FindCoordinator: every coordinator is this broker.
import {
  type Coordinator,
  type FindCoordinatorRequest,
  writeCoordinator,
} from '../../codec/kafka/messages/find-coordinator.gen.ts'
import { answerTo, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import type { KafkaAccess } from './kafka-access.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

const batchedVersion = 4
const keyTypes = { group: 0, transaction: 1, share: 2 } as const
/** `group:topicId:partition`; a group may have colons. */
const shareKey = /^(.+):[\w-]{22}:\d+$/s

export const handleFindCoordinator: Handler<'findCoordinator'> = async (request, context) => {
  const { keyType } = request
  if (context.apiVersion < batchedVersion) {
    return { throttleTimeMs: 0, ...coordinatorOf(keyType, request.key, context) }
  }
  const found = coordinatorsOf(request, context)
  const coordinators = await writeInSlices('findCoordinator', context, writeCoordinator, found)
  return { throttleTimeMs: 0, coordinators }
}

function* coordinatorsOf(
  { keyType, coordinatorKeys }: FindCoordinatorRequest,
  context: RequestContext,
): Generator<Coordinator, void> {
  for (const key of coordinatorKeys) yield { key, ...coordinatorOf(keyType, key, context) }
}

function coordinatorOf(
  keyType: number,
  key: string,
  { settings, client, access }: RequestContext,
): Omit<Coordinator, 'key'> {
  const refusal = coordinatorRefusal(keyType, key, access)
  if (refusal !== undefined) return { ...answerTo(refusal), nodeId: -1, host: '', port: -1 }
  const { host, port } = client.advertised
  return { errorCode: noError, errorMessage: null, nodeId: settings.nodeId, host, port }
}

function coordinatorRefusal(
  keyType: number,
  key: string,
  access: KafkaAccess,
): KafkaRefusal | undefined {
  switch (keyType) {
    case keyTypes.group:
      if (access.needsGroup('describe', key)) return undefined
      return new KafkaRefusal('GROUP_AUTHORIZATION_FAILED')
    case keyTypes.transaction:
      if (access.needsTransactionalId('describe', key)) return undefined
      return new KafkaRefusal('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    case keyTypes.share:
      // Brokers ask this in Kafka, for the state of share groups.
      if (!access.needsCluster('cluster-action')) {
        return new KafkaRefusal('CLUSTER_AUTHORIZATION_FAILED')
      }
      return shareKey.test(key)
        ? undefined
        : invalidRequest('The share coordinator key is invalid.')
    default:
      return invalidRequest(`Coordinators of type ${keyType} are not served.`)
  }
}
