// The requests of one client that the home of all topics answers, which is another cell: they go there over one link, as
// they came, and their answers come back in the same order. When the home moves, those that only ask something are asked
// again of its next owner: a client that loses all of its connections at the same time takes the cluster for lost.
import { RequestStream } from '../../codec/kafka/request-stream.ts'
import { Fifo } from '../../lib/fifo.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { Incoming } from '../byte-source.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { AnswerQueue } from './answer-queue.ts'
import type { KafkaHome } from './kafka-home.ts'
import { passedKafkaToFacts } from './passed-kafka.ts'
import type { KafkaClient } from './request-context.ts'

/** One that is on its way. */
interface HomeRequest {
  readonly take: TakeAnswer
  /** With the size in front, for one that may be asked again. */
  readonly again: Buffer | undefined
}

export interface HomeRequestsParts {
  readonly home: KafkaHome
  /** Of the client, as it is logged in now. */
  readonly factsOf: () => object
  /** The client does not take what it is sent. */
  readonly isFull: () => boolean
}

/** Undefined where the client's connection is in the home itself. */
export function openHomeRequests(
  { isSecure, sasl }: Pick<KafkaClient, 'isSecure' | 'sasl'>,
  { peer, home, answers }: ClientOfHome,
): HomeRequests | undefined {
  if (home === undefined) return undefined
  const requests = new HomeRequests({
    home,
    factsOf: () =>
      passedKafkaToFacts({ isSecure, peer, certifiedAs: undefined, principal: sasl.principal }),
    isFull: () => answers.unsentSize > kafkaLimits.kafkaUnsentSizeMax,
  })
  sasl.onLoggedInAgain = () => requests.renew()
  return requests
}

interface ClientOfHome {
  readonly peer: PeerFacts
  readonly home: KafkaHome | undefined
  readonly answers: Pick<AnswerQueue, 'unsentSize'>
}

/** Gets an answer with its size in front; undefined: there will be none, and the connection has to end. */
export type TakeAnswer = (answer: Buffer | undefined) => void

const sizeBytes = 4

export class HomeRequests {
  readonly #parts: HomeRequestsParts
  readonly #waiting = new Fifo<HomeRequest>()
  #answers = new RequestStream(kafkaLimits.kafkaRequestSizeMax)
  #link: Incoming | undefined
  #isOpening = false
  /** What waits for the link. */
  #unsent: Buffer[] = []
  /** The client has logged in anew: the home is to know it as it is now. */
  #isStale = false
  /** Links that were lost in a row, without an answer between. */
  #lostCount = 0
  #isClosed = false

  constructor(parts: HomeRequestsParts) {
    this.#parts = parts
  }

  /** `request` is only valid during the call. */
  send(request: Buffer, { isQuestion }: { readonly isQuestion?: boolean }, take: TakeAnswer): void {
    const bytes = withSize(request)
    this.#waiting.push({ take, again: isQuestion === true ? bytes : undefined })
    if (this.#link !== undefined) this.#link.socket.write(bytes)
    else {
      this.#unsent.push(bytes)
      if (!this.#isOpening) void this.#open()
    }
  }

  /** The client has taken some of what it was sent. */
  onRoom(): void {
    if (this.#link?.socket.isPaused() === true && !this.#parts.isFull()) this.#link.socket.resume()
  }

  /** The client has logged in again. */
  renew(): void {
    this.#isStale = true
    this.#leaveIfStale()
  }

  close(): void {
    this.#isClosed = true
    this.#leave()
  }

  async #open(): Promise<void> {
    const { home, factsOf } = this.#parts
    this.#isOpening = true
    const link = await home.open(factsOf())
    this.#isOpening = false
    if (this.#isClosed) {
      link?.socket.on('error', ignore).destroy()
      return
    }
    if (link === undefined) {
      this.#fail()
      return
    }
    this.#link = link
    link.source.onBytes = (bytes) => this.#onBytes(bytes)
    const onEnd = (): void => {
      if (this.#link === link) this.#onLost()
      link.socket.destroy()
    }
    for (const event of ['error', 'end', 'close']) link.socket.on(event, onEnd)
    for (const bytes of this.#unsent.splice(0)) link.socket.write(bytes)
  }

  #onBytes(bytes: Buffer): void {
    const answers = this.#answers
    answers.push(bytes)
    while (!this.#isClosed && answers.next()) {
      const request = this.#waiting.shift()
      const { buffer, start, end } = answers
      this.#lostCount = 0
      request?.take(withSize(buffer.subarray(start, end)))
    }
    if (this.#isClosed) return
    answers.keepRest()
    if (this.#parts.isFull()) this.#link?.socket.pause()
    this.#leaveIfStale()
  }

  /** The home has moved, or is gone: clients that wait for nothing need not know, nor do those that only asked something. */
  #onLost(): void {
    this.#link = undefined
    this.#lostCount++
    const waiting = this.#waiting.toArray()
    const repeated = waiting.flatMap(({ again }) => again ?? [])
    const mayRepeat = this.#lostCount <= kafkaLimits.kafkaHomeLostMax
    if (!mayRepeat || repeated.length < waiting.length) {
      this.#fail()
      return
    }
    this.#answers = new RequestStream(kafkaLimits.kafkaRequestSizeMax)
    if (repeated.length === 0) return
    this.#unsent = repeated
    void this.#open()
  }

  /** Nobody is to answer. */
  #fail(): void {
    this.#unsent = []
    const wasAsked = this.#waiting.size > 0
    let request = this.#waiting.shift()
    while (request !== undefined) {
      request.take(undefined)
      request = this.#waiting.shift()
    }
    if (wasAsked) this.#isClosed = true
  }

  #leaveIfStale(): void {
    if (!this.#isStale || this.#waiting.size > 0) return
    this.#isStale = false
    this.#leave()
  }

  #leave(): void {
    const link = this.#link
    this.#link = undefined
    link?.socket.destroy()
  }
}

function withSize(bytes: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(sizeBytes + bytes.length)
  whole.writeInt32BE(bytes.length)
  bytes.copy(whole, sizeBytes)
  return whole
}

function ignore(): void {}
