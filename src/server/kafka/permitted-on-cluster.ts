import type { AskedOperation } from '../../auth/acl-bits.ts'
import type { ApiMessages, ApiName } from '../../codec/kafka/apis.gen.ts'
import { answerTo, type ErrorAnswer, KafkaRefusal } from './error-code.ts'
import type { Handler } from './request-context.ts'

/** What anybody is told who may not do something with the cluster. */
export const clusterRefusal: ErrorAnswer = answerTo(
  new KafkaRefusal('CLUSTER_AUTHORIZATION_FAILED'),
)

/**
 * Serves with `handle` who may do `operation` on the cluster; everyone else gets `refusal`, Kafka's answer to a
 * request as a whole.
 */
export function permittedOnCluster<Name extends ApiName>(
  operation: AskedOperation,
  handle: Handler<Name>,
  refusal: ApiMessages[Name]['response'],
): Handler<Name> {
  return (request, context) =>
    context.access.needsCluster(operation) ? handle(request, context) : refusal
}
