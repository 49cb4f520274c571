import type { ApiMessages, ApiName } from '../../codec/kafka/apis.gen.ts'
import { answerTo, type ErrorAnswer, KafkaRefusal } from './error-code.ts'
import type { Handler } from './request-context.ts'

/** What anybody else is told. */
export const onlyForAdministrators: ErrorAnswer = answerTo(
  new KafkaRefusal('CLUSTER_AUTHORIZATION_FAILED'),
)

/** Serves administrators with `handle`; everyone else gets `refusal`, Kafka's answer to a request as a whole. */
export function forAdministrators<Name extends ApiName>(
  handle: Handler<Name>,
  refusal: ApiMessages[Name]['response'],
): Handler<Name> {
  return (request, context) => (context.access.isAdministrator ? handle(request, context) : refusal)
}
