import type { ApiMessages, ApiName } from '../../codec/kafka/apis.gen.ts'
import type { AnswerSlot } from './answer-slot.ts'
import type { KafkaConnection } from './kafka-connection.ts'
import type { KafkaContext } from './kafka-context.ts'

/** One request being answered. */
export interface RequestContext extends KafkaContext {
  readonly apiVersion: number
  readonly clientId: string
  readonly connection: KafkaConnection
  /** Where the answer goes. */
  readonly slot: AnswerSlot
}

/**
 * Answers one kind of request. What it does before it first waits happens in the order in which
 * requests came; `undefined` means that the client wants no answer.
 */
export type Handler<Name extends ApiName> = (
  request: ApiMessages[Name]['request'],
  context: RequestContext,
) => ApiMessages[Name]['response'] | undefined | Promise<ApiMessages[Name]['response'] | undefined>

/** One handler for each API that has a codec, no more and no fewer: what is built is advertised. */
export type Handlers = { readonly [Name in ApiName]: Handler<Name> }
