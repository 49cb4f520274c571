// One Kafka connection. Requests are started in the order they come and overlap in work, so that
// five produce requests in flight share commit groups; answers leave in the order of the requests.
import type { Socket } from 'node:net'
import { CodecError } from '../../codec/codec-error.ts'
import type { ApiMessages, ApiName } from '../../codec/kafka/apis.gen.ts'
import { RequestStream } from '../../codec/kafka/request-stream.ts'
import { readRequest, readRequestHeader, type RequestHeader } from '../../codec/kafka/request.ts'
import { encodeResponse } from '../../codec/kafka/response.ts'
import { WireReader } from '../../codec/kafka/wire-reader.ts'
import { WireWriter } from '../../codec/kafka/wire-writer.ts'
import { largePages } from '../../lib/large-pages.ts'
import type { Address } from '../../lib/listen.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { logLimits } from '../../limits/log.ts'
import type { Incoming } from '../byte-source.ts'
import { warnIfTls } from '../tls-failure.ts'
import { AdvertisedWatch } from './advertised-watch.ts'
import { AnswerSlot } from './answer-slot.ts'
import { unsupportedApiVersions } from './api-versions.ts'
import { handlers } from './handlers.ts'
import type { KafkaContext, KafkaListener } from './kafka-context.ts'
import type { Handler } from './request-context.ts'
import { SaslState } from './sasl-state.ts'

/** A request that is well-formed and has no answer: Kafka ends the connection. */
class RefusedRequestError extends Error {}

const nothing = Buffer.alloc(0)

/** A connection, and the way it came. */
interface IncomingKafka extends Incoming {
  readonly listener: KafkaListener
}

export class KafkaConnection {
  readonly context: KafkaContext
  readonly remoteAddress: string
  readonly sasl: SaslState
  readonly #socket: Socket
  readonly #listener: KafkaListener
  readonly #reachedHost: string | undefined
  readonly #onClosed: (connection: KafkaConnection) => void
  readonly #stream: RequestStream
  readonly #reader = new WireReader()
  readonly #writer = new WireWriter()
  readonly #slots: AnswerSlot[] = []
  /** Settled when the large batches that came last have been dealt with: produces wait for it. */
  heldProduces: Promise<void> | undefined
  readonly #closeListeners = new Set<() => void>()
  /** What it was used for so far. */
  #use: 'nothing' | 'metadata' | 'work' = 'nothing'
  #fetchesInFlight = 0
  /** Requests whose work the next ones wait for. */
  #aloneCount = 0
  #isPaused = false
  #isClosed = false
  /** Something came in since the last look. */
  #isHeard = false
  /** What had left the socket at the last look. */
  #sentSize = 0
  #idleMs = 0

  constructor(
    { socket, source, listener }: IncomingKafka,
    context: KafkaContext,
    onClosed: (connection: KafkaConnection) => void,
  ) {
    this.#socket = socket
    this.#reachedHost = socket.localAddress
    this.#listener = listener
    this.context = context
    this.remoteAddress = socket.remoteAddress ?? ''
    this.#onClosed = onClosed
    this.sasl = new SaslState(
      context.users,
      socket.remoteAddress ?? '',
      context.settings.needsLogin,
    )
    this.#stream = new RequestStream(kafkaLimits.kafkaLoginSizeMax, largePages)
    this.#trustIfLoggedIn()
    source.onBytes = (chunk) => {
      if (this.#isClosed) return
      this.#isHeard = true
      this.#stream.push(chunk)
      this.#readRequests(chunk)
      this.#stream.keepRest()
      this.#limitReadAhead()
    }
    socket.on('drain', () => this.#resumeIfRoom())
    socket.on('end', () => this.destroy())
    socket.on('error', () => this.destroy())
    socket.on('close', () => this.destroy())
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Where its client is told to connect. */
  get advertised(): Address {
    return this.#listener.advertised(this.#reachedHost)
  }

  /** Calls back when the connection ends; returns what takes that back. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  /** Keeps the produces that come next waiting until `work` is done. */
  async holdProduces(work: Promise<void>): Promise<void> {
    const held = work.finally(() => {
      this.heldProduces = undefined
    })
    this.heldProduces = held
    await held
  }

  /** Does `work` before the requests that come next are begun, as Kafka does with all of them. */
  async doAlone<T>(work: () => T | Promise<T>): Promise<T> {
    this.#aloneCount++
    try {
      return await work()
    } finally {
      this.#aloneCount--
      this.#resumeIfRoom()
    }
  }

  /** To be called every `ms`: ends the connection when nothing has come or gone for too long. */
  checkIdle(ms: number): void {
    const { bytesWritten, writableLength } = this.#socket
    const sentSize = bytesWritten - writableLength
    // An answer that takes long is the broker's doing; one that is not taken is not.
    const isWaiting = this.#slots.length > 0 && writableLength === 0
    const isActive = this.#isHeard || isWaiting || sentSize !== this.#sentSize
    this.#isHeard = false
    this.#sentSize = sentSize
    this.#idleMs = isActive ? 0 : this.#idleMs + ms
    if (this.#idleMs >= kafkaLimits.kafkaIdleMsMax) this.destroy()
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#use === 'metadata') {
      const { setting } = this.#listener
      this.context.advertisedWatch.onMetadataOnly(this.remoteAddress, this.advertised, setting)
    }
    this.#socket.destroy()
    for (const slot of this.#slots) slot.drop()
    for (const listener of this.#closeListeners) listener()
    this.#closeListeners.clear()
    this.#onClosed(this)
  }

  /** `chunk` is what has just come, if anything. */
  #readRequests(chunk: Buffer = nothing): void {
    try {
      while (!this.#isClosed && !this.#isPaused && this.#stream.next()) this.#onRequest()
    } catch (error) {
      if (!(error instanceof CodecError || error instanceof RefusedRequestError)) {
        this.#onFault(error)
        return
      }
      // As Kafka does: a request that cannot be read ends the connection, and the log says why.
      const { logger } = this.context
      const client = { remoteAddress: this.remoteAddress, port: 'Kafka' } as const
      const isTls = this.#use === 'nothing' && warnIfTls(chunk, client, logger)
      if (!isTls) logger.info({ reason: error.message }, 'Kafka request refused')
      this.destroy()
    }
  }

  #onRequest(): void {
    const { buffer, start, end } = this.#stream
    if (this.sasl.takesRawToken) {
      this.#answerRawToken(buffer.subarray(start, end))
      return
    }
    const reader = this.#reader
    reader.reset(buffer, start, end)
    const header = readRequestHeader(reader)
    const { api } = header
    if (api === undefined) {
      throw new RefusedRequestError(`API ${header.apiKey} is not served`)
    }
    this.#noteUse(api)
    if (!this.sasl.allows(api)) throw new RefusedRequestError(`${api} before authentication`)
    const slot = new AnswerSlot()
    this.#slots.push(slot)
    if (header.isSupported) this.#start(api, header, reader, slot)
    else this.#refuseVersion(api, header, slot)
    this.#pauseIfFull()
  }

  #noteUse(api: ApiName): void {
    if (api === 'metadata' && this.#use === 'nothing') this.#use = 'metadata'
    if (this.#use === 'work' || !AdvertisedWatch.isWork(api)) return
    this.#use = 'work'
    this.context.advertisedWatch.onWork(this.remoteAddress)
  }

  #start<Name extends ApiName>(
    api: Name,
    header: RequestHeader,
    reader: WireReader,
    slot: AnswerSlot,
  ): void {
    const handler = handlers[api] as unknown as Handler<Name>
    const request = readRequest(api, reader, header.apiVersion)
    const context = {
      ...this.context,
      apiVersion: header.apiVersion,
      clientId: header.clientId ?? '',
      connection: this,
      slot,
    }
    if (api === 'fetch') this.#fetchesInFlight++
    const { buffer } = this.#stream
    const answer = handler(request, context)
    if (api === 'saslAuthenticate') this.#trustIfLoggedIn()
    if (answer instanceof Promise) {
      answer.then(
        (response) => {
          this.#fill(slot, api, header, response)
          // Others may keep parts of what came in; of this one only the log does, which holds it.
          if (api === 'produce') largePages.letGo(buffer)
        },
        (error: unknown) => {
          slot.drop()
          this.#onFault(error)
        },
      )
    } else this.#fill(slot, api, header, answer)
  }

  #fill<Name extends ApiName>(
    slot: AnswerSlot,
    api: Name,
    header: RequestHeader,
    response: ApiMessages[Name]['response'] | undefined,
  ): void {
    if (api === 'fetch') this.#fetchesInFlight--
    if (this.#isClosed) {
      slot.drop()
      return
    }
    const { apiVersion, correlationId } = header
    try {
      slot.parts =
        response === undefined
          ? []
          : encodeResponse(this.#writer, { api, apiVersion, correlationId }, response)
      this.#writeReady()
      if (this.sasl.hasFailed) this.#socket.end()
    } catch (error) {
      this.#onFault(error)
    }
  }

  /** KIP-511: ApiVersions is answered in version 0; any other unsupported version ends the connection. */
  #refuseVersion(api: ApiName, header: RequestHeader, slot: AnswerSlot): void {
    if (api !== 'apiVersions') {
      throw new RefusedRequestError(`${api} version ${header.apiVersion} is not supported`)
    }
    this.#fill(slot, 'apiVersions', { ...header, apiVersion: 0 }, unsupportedApiVersions())
  }

  /** SaslHandshake version 0: the token comes bare, with a size in front, and so does the answer. */
  #answerRawToken(token: Buffer): void {
    const answer = this.sasl.authenticate(token)
    if (!answer.isAccepted) {
      this.destroy()
      return
    }
    this.#trustIfLoggedIn()
    this.#slots.push(new AnswerSlot([Buffer.alloc(4)]))
    this.#writeReady()
  }

  /** Who has not logged in may only send what that takes. */
  #trustIfLoggedIn(): void {
    if (!this.sasl.isTrusted) return
    this.#stream.requestSizeMax = this.context.settings.requestSizeMax
  }

  #onFault(error: unknown): void {
    this.context.logger.error({ err: error }, 'Unexpected error in a Kafka connection')
    this.destroy()
  }

  #writeReady(): void {
    let count = 0
    this.#socket.cork()
    while (this.#slots[0]?.parts !== undefined) {
      this.#slots[0].writeTo(this.#socket)
      this.#slots.shift()
      count++
    }
    this.#socket.uncork()
    if (count > 0) this.#resumeIfRoom()
  }

  #pauseIfFull(): void {
    if (this.#isPaused) return
    const { uncommittedSize } = this.context.broker.store
    // Reading goes on with the next answer, so one must be to come.
    const isFarAhead = uncommittedSize > logLimits.uncommittedSizeMax && this.#slots.length > 0
    if (this.#hasRoom && !isFarAhead) return
    this.#isPaused = true
  }

  /** Who does not read at all does not hear that the peer has gone. */
  #limitReadAhead(): void {
    const isFarAhead = this.#isPaused && this.#stream.restSize > kafkaLimits.kafkaReadAheadMax
    if (isFarAhead) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  get #hasRoom(): boolean {
    return (
      this.#aloneCount === 0 &&
      this.#slots.length < kafkaLimits.kafkaRequestsInFlightMax &&
      this.#fetchesInFlight < kafkaLimits.kafkaFetchesInFlightMax &&
      this.#socket.writableLength <= amqpLimits.outputSizeMax
    )
  }

  #resumeIfRoom(): void {
    if (!this.#isPaused || this.#isClosed) return
    if (!this.#hasRoom) return
    this.#isPaused = false
    this.#readRequests()
    this.#limitReadAhead()
  }
}
