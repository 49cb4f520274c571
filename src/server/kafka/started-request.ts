import type { ApiName } from '../../codec/kafka/apis.gen.ts'
import type { RequestHeader } from '../../codec/kafka/request.ts'
import type { AnswerSlot } from './answer-slot.ts'

/** One request on its way. */
export interface StartedRequest<Name extends ApiName> {
  readonly api: Name
  readonly header: RequestHeader
  /** Bytes that the request takes, known once it is read. */
  size: number
  readonly slot: AnswerSlot
  /** What it counts as among large requests; 0 once that is over. */
  largeSize: number
}
