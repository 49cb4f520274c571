// Whether a Kafka connection begins its next request: it waits while too many are on their way, while there is no
// memory for what the request will be, and while it is the turn of others.
import { kafkaLimits } from '../../limits/kafka.ts'
import type { AnswerQueue } from './answer-queue.ts'
import type { KafkaContext } from './kafka-context.ts'
import type { RequestsInFlight } from './requests-in-flight.ts'

export interface RequestGateParts {
  readonly context: Pick<KafkaContext, 'broker' | 'largeRequests' | 'requestShare'>
  readonly answers: AnswerQueue
  readonly inFlight: RequestsInFlight
  /** The next request may be begun, as far as this gate knows. */
  readonly onOpened: () => void
}

export class RequestGate {
  /** The request that was read last waits itself, for memory or for its producer's rate. */
  isHoldingBack = false
  readonly #parts: RequestGateParts
  #isShut = false
  /** It waits for another turn of the event loop, or for memory. */
  #isYielding = false

  constructor(parts: RequestGateParts) {
    this.#parts = parts
  }

  /** Nothing more is begun until `onOpened`. */
  get isShut(): boolean {
    return this.#isShut
  }

  shutIfFull(): void {
    if (this.#isShut) return
    const { context, answers } = this.#parts
    // Reading goes on with the next answer, so one must be to come.
    const isFarAhead = context.broker.isAheadOfDisk && answers.count > 0
    if (!this.#hasRoom || isFarAhead) this.#isShut = true
  }

  /** The request waits, and those behind it, until there is memory for what it will be. */
  holdBack(): void {
    this.isHoldingBack = true
    this.#yieldUntil((goOn) => this.#parts.context.largeRequests.whenRoom(goOn))
  }

  /** What answers the request is not loaded yet: it waits for that, and those behind it. */
  holdBackUntil(loaded: Promise<unknown>, onFault: (error: unknown) => void): void {
    this.isHoldingBack = true
    this.#yieldUntil((goOn) => void loaded.then(goOn, onFault))
  }

  /** Whether others get their turn before the rest of a pipeline. */
  yieldIfSpent(): boolean {
    const { requestShare } = this.#parts.context
    if (!requestShare.isSpent) return false
    this.#yieldUntil((goOn) => requestShare.whenLeft(goOn))
    return true
  }

  openIfRoom(): void {
    if (!this.#isShut || this.#isYielding || !this.#hasRoom) return
    this.#isShut = false
    this.#parts.onOpened()
  }

  #yieldUntil(wait: (goOn: () => void) => void): void {
    this.#isShut = true
    this.#isYielding = true
    wait(() => {
      this.#isYielding = false
      this.openIfRoom()
    })
  }

  get #hasRoom(): boolean {
    const { inFlight, answers } = this.#parts
    return (
      inFlight.hasRoom &&
      answers.count < kafkaLimits.kafkaRequestsInFlightMax &&
      answers.unsentSize <= kafkaLimits.kafkaUnsentSizeMax
    )
  }
}
