// A client's Kafka connection: requests out, answers in, in their order. What they mean is for others to say.
import { apiCodecs, type ApiMessages, type ApiName } from '../../../src/codec/kafka/apis.gen.ts'
import { encodeRequest } from '../../../src/codec/kafka/request.ts'
import { readResponse, readResponseHeader } from '../../../src/codec/kafka/response.ts'
import { WireReader } from '../../../src/codec/kafka/wire-reader.ts'
import { WireWriter } from '../../../src/codec/kafka/wire-writer.ts'
import type { Timer } from '../../../src/lib/clock.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import '../../support/load-late-parts.ts'
import { Ended } from '../ended.ts'
import type { Link, LinkUser } from '../network/link.ts'

interface Waiting {
  readonly sinceMs: number
  readonly onAnswer: (body: Buffer) => void
  readonly reject: (ended: Ended) => void
}

const sizeBytes = 4
/** Kafka's request.timeout.ms. */
const requestMsMax = 30_000
const lookMs = 5000

export class KafkaConnection implements LinkUser {
  readonly link: Link
  /** Why it has ended, if it has. */
  ended: Ended | undefined
  readonly #clientId: string
  readonly #clock: VirtualClock
  readonly #timer: Timer
  readonly #writer = new WireWriter()
  readonly #waiting: Waiting[] = []
  #received: Buffer = Buffer.alloc(0)
  #lastId = 0

  constructor(link: Link, { clientId, clock }: { clientId: string; clock: VirtualClock }) {
    this.link = link
    this.#clientId = clientId
    this.#clock = clock
    this.#timer = clock.every(lookMs, () => this.#look())
    link.user = this
  }

  /** Requests that are not answered. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /**
   * Sends a request; `onAnswer` gets the answer before anything that came after it. Resolves after that.
   * Rejects with `Ended`.
   */
  async call<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    { version, onAnswer }: CallOptions<Name> = {},
  ): Promise<ApiMessages[Name]['response']> {
    const apiVersion = version ?? apiCodecs[api].versionMax
    const correlationId = this.#send(api, request, apiVersion)
    const { promise, resolve, reject } = Promise.withResolvers<ApiMessages[Name]['response']>()
    this.#waiting.push({
      sinceMs: this.#clock.monotonic(),
      onAnswer: (body) => {
        const answer = decode(api, body, { apiVersion, correlationId })
        onAnswer?.(answer)
        resolve(answer)
      },
      reject,
    })
    return promise
  }

  /** Sends a request that has no answer. Throws `Ended`. */
  tell<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    version: number,
  ): void {
    this.#send(api, request, version)
  }

  /** Says that nothing more comes, or just goes away. */
  close(isPolite: boolean): void {
    if (isPolite) this.link.end()
    this.link.abandon()
    this.#end(new Ended('closed'))
  }

  onBytes(bytes: Buffer): void {
    if (this.ended !== undefined) return
    this.#received = Buffer.concat([this.#received, bytes])
    for (let answer = this.#next(); answer !== undefined; answer = this.#next()) {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) throw new Error('an answer to nothing')
      waiting.onAnswer(answer)
    }
  }

  onClosed(reason: string): void {
    this.#end(new Ended(reason))
  }

  /** Returns the id of the request. */
  #send<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    apiVersion: number,
  ): number {
    if (this.ended !== undefined) throw this.ended
    const correlationId = ++this.#lastId
    const header = { api, apiVersion, correlationId, clientId: this.#clientId }
    this.link.send(Buffer.concat(encodeRequest(this.#writer, header, request)))
    return correlationId
  }

  /**
   * Real clients take a broker for gone that does not answer in time. Here only a dead line counts: a broker
   * that forgets a request must not be let off.
   */
  #look(): void {
    const sinceMs = this.#waiting[0]?.sinceMs ?? Infinity
    if (this.link.isDead && this.#clock.monotonic() - sinceMs > requestMsMax) this.close(false)
  }

  #next(): Buffer | undefined {
    if (this.#received.length < sizeBytes) return undefined
    const end = sizeBytes + this.#received.readInt32BE(0)
    if (this.#received.length < end) return undefined
    const answer = this.#received.subarray(sizeBytes, end)
    this.#received = this.#received.subarray(end)
    return answer
  }

  #end(ended: Ended): void {
    if (this.ended !== undefined) return
    this.ended = ended
    this.#timer.stop()
    for (const { reject } of this.#waiting.splice(0)) reject(ended)
  }
}

interface CallOptions<Name extends ApiName> {
  /** The newest by default. */
  readonly version?: number | undefined
  readonly onAnswer?: (answer: ApiMessages[Name]['response']) => void
}

function decode<Name extends ApiName>(
  api: Name,
  body: Buffer,
  sent: { readonly apiVersion: number; readonly correlationId: number },
): ApiMessages[Name]['response'] {
  const reader = new WireReader()
  reader.reset(body)
  const correlationId = readResponseHeader(reader, api, sent.apiVersion)
  if (correlationId !== sent.correlationId) {
    throw new Error(`answer ${correlationId} to request ${sent.correlationId}`)
  }
  return readResponse(api, reader, sent.apiVersion)
}
