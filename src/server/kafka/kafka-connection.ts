// One Kafka connection. Requests are started in the order they come and overlap in work, so that
// five produce requests in flight share commits; answers leave in the order of the requests.
import type { Socket } from 'node:net'
import { defaultVHost } from '../../broker/broker.ts'
import { ClientCounters } from '../../broker/counters/client-counters.ts'
import { PublishHold } from '../../broker/publish/publish-hold.ts'
import type { ApiMessages, ApiName } from '../../codec/kafka/apis.gen.ts'
import { RequestStream } from '../../codec/kafka/request-stream.ts'
import { readRequest, readRequestHeader, type RequestHeader } from '../../codec/kafka/request.ts'
import { encodeResponse } from '../../codec/kafka/response.ts'
import { WireReader } from '../../codec/kafka/wire-reader.ts'
import { WireWriter } from '../../codec/kafka/wire-writer.ts'
import { WorkerClosedError } from '../../crossing/worker-closed-error.ts'
import type { Address } from '../../lib/listen.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { CodecError } from '../../record/codec-error.ts'
import type { Sender } from '../send-watch.ts'
import { warnIfTls } from '../tls-failure.ts'
import type { WriteHold } from '../write-hold.ts'
import { AnswerQueue } from './answer-queue.ts'
import type { AnswerSlot } from './answer-slot.ts'
import { unsupportedApiVersions } from './api-versions.ts'
import { ClientThrottle } from './client-throttle.ts'
import { HeldMemory } from './held-memory.ts'
import { type HomeRequests, openHomeRequests } from './home-requests.ts'
import { IdleMeter } from './idle-meter.ts'
import type { IncomingKafka } from './incoming-kafka.ts'
import type { KafkaContext, KafkaListener } from './kafka-context.ts'
import { LargeRequests } from './large-requests.ts'
import { loadApi } from './load-api.ts'
import type { Stranger } from './login-watch.ts'
import { openSasl } from './open-sasl.ts'
import type { Operation } from './operation.ts'
import { nowhere, reachedBy } from './reached-by.ts'
import { RefusedRequestError } from './refused-request-error.ts'
import type { ClientNames, KafkaClient } from './request-context.ts'
import { RequestGate } from './request-gate.ts'
import { RequestsInFlight } from './requests-in-flight.ts'
import type { SaslState } from './sasl-state.ts'
import { isForHome, servedApi } from './served-api.ts'
import { servedApis } from './served-apis.ts'
import type { StartedRequest } from './started-request.ts'

const nothing = Buffer.alloc(0)

export class KafkaConnection implements KafkaClient, Sender, Stranger {
  readonly context: KafkaContext
  readonly remoteAddress: string
  readonly sasl: SaslState
  readonly publishHold: PublishHold
  readonly throttle: ClientThrottle
  readonly names: ClientNames = { clientId: '', softwareName: '', softwareVersion: '' }
  readonly counters: ClientCounters = new ClientCounters()
  readonly socket: Socket
  readonly hold: WriteHold | undefined
  readonly isPassedOn: boolean
  readonly #listener: KafkaListener
  /** The address of this machine that the client came to. */
  readonly #reached: Address
  readonly #onClosed: (connection: KafkaConnection) => void
  readonly #stream: RequestStream
  readonly #reader = new WireReader()
  readonly #writer = new WireWriter()
  readonly #answers: AnswerQueue
  readonly #inFlight = new RequestsInFlight()
  readonly #gate: RequestGate
  readonly #held: HeldMemory
  /** Where another cell answers what is not for leaders. */
  readonly #home: HomeRequests | undefined
  heldProduces: Promise<void> | undefined
  isEnding = false
  hasFailedProduce = false
  readonly #closeListeners = new Set<() => void>()
  /** What it was used for so far. */
  #use: Operation = 'login'
  #isClosed = false
  readonly #idle = new IdleMeter()

  constructor(
    incoming: IncomingKafka,
    context: KafkaContext,
    onClosed: (connection: KafkaConnection) => void,
  ) {
    const { socket, source, listener, peer } = incoming
    this.socket = socket
    this.isPassedOn = incoming.isPassedOn
    this.hold = incoming.hold
    this.#answers = new AnswerQueue(socket)
    this.#gate = new RequestGate({
      context,
      answers: this.#answers,
      inFlight: this.#inFlight,
      onOpened: () => this.#goOn(),
    })
    this.#reached = this.isPassedOn ? nowhere : reachedBy(socket)
    this.#listener = listener
    this.context = context
    this.remoteAddress = peer.remoteAddress
    this.#onClosed = onClosed
    this.#held = new HeldMemory({
      context,
      onResumed: () => this.#goOn(),
      onNeeded: () => this.#endForMemory(),
    })
    this.publishHold = new PublishHold(context.clock, context.broker.shortage)
    this.throttle = new ClientThrottle(context.broker, () => this.#goOn())
    this.sasl = openSasl(incoming, context)
    this.#home = openHomeRequests(this, { peer, home: context.home, answers: this.#answers })
    this.#stream = new RequestStream(kafkaLimits.kafkaLoginSizeMax, pagePool)
    if (!this.sasl.isLoggedIn) context.loginWatch.add(this)
    this.sasl.whenLoggedIn(() => {
      // Checking a token may take longer than the client has waited.
      if (this.#isClosed) return
      this.#stream.requestSizeMax = context.settings.requestSizeMax
      context.loginWatch.remove(this)
      this.throttle.open({ user: this.sasl.principal?.user ?? '', vhost: defaultVHost })
    })
    source.onBytes = (chunk) => {
      if (this.#isClosed) return
      this.#idle.isHeard = true
      this.#stream.push(chunk)
      this.#readRequests(chunk)
      // It may end a shortage: who waited for that goes on after this call, and is not to be overtaken.
      context.memory.onReceived(chunk.length)
      // Its memory has been given back: what is noted from now on would be counted for ever.
      if (this.#isClosed) return
      this.#stream.keepRest()
      this.#noteInput()
      this.#limitReadAhead()
    }
    socket.on('drain', () => this.onSendLook())
    socket.on('end', () => this.destroy())
    socket.on('error', () => this.destroy())
    socket.on('close', () => this.destroy())
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get advertised(): Address {
    return this.#listener.advertised(this.#reached.host || undefined)
  }

  get isSecure(): boolean {
    return this.#listener.name.endsWith('SSL')
  }

  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  async holdProduces(work: Promise<void>): Promise<void> {
    const held = work.finally(() => {
      this.heldProduces = undefined
    })
    this.heldProduces = held
    await held
  }

  failProduce(): void {
    this.hasFailedProduce = true
    this.destroy()
  }

  /** To be called every `ms`: ends the connection when nothing has come or was waited for too long. */
  checkIdle(ms: number): void {
    // An answer that takes long is the broker's doing; of one that is not taken `SendWatch` knows.
    const isWaiting = this.#answers.count > 0 || this.socket.writableLength > 0
    const idleMs = this.#idle.look(ms, { isWaiting, isMuted: this.throttle.isMuted })
    if (idleMs >= kafkaLimits.kafkaIdleMsMax) this.destroy()
  }

  refuse(reason: string): void {
    this.context.logger.info({ reason }, 'Kafka connection refused')
    this.destroy()
  }

  /** Answers that are being made take `size` bytes more, or less. */
  changeUnfinished(size: number): void {
    if (!this.#isClosed) this.#held.changeUnfinished(size)
  }

  onSendLook(): void {
    if (this.#isClosed) return
    this.#noteUnsent()
    this.#home?.onRoom()
    this.#gate.openIfRoom()
  }

  /** The client reads nothing of its answers. */
  onSendTimeout(): void {
    const remote = this.remoteAddress
    this.context.logger.info({ remote }, 'Connection closed: its client reads no answers')
    this.destroy()
  }

  /** Ends the connection once the requests that were begun are answered; polls do not wait longer. */
  end(): void {
    this.isEnding = true
    for (const listener of this.#closeListeners) listener()
    // What is held back does not leave any more.
    if (this.hold?.isHolding === true) this.destroy()
    else if (this.#answers.count === 0) this.socket.end()
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.context.loginWatch.remove(this)
    this.context.sendWatch.forget(this)
    this.#held.close()
    this.#home?.close()
    this.throttle.close()
    if (this.#use === 'discovery' && !this.isPassedOn) {
      void this.context.advertisedWatch.onMetadataOnly({
        remoteAddress: this.remoteAddress,
        reached: this.#reached,
        advertised: this.advertised,
        setting: this.#listener.setting,
      })
    }
    this.socket.destroy()
    this.#answers.drop()
    this.publishHold.end(false)
    for (const listener of this.#closeListeners) listener()
    this.#closeListeners.clear()
    this.#onClosed(this)
  }

  /** `chunk` is what has just come, if anything. */
  #readRequests(chunk: Buffer = nothing): void {
    try {
      while (this.#mayRead() && (this.#gate.isHoldingBack || this.#stream.next())) {
        this.#gate.isHoldingBack = false
        this.#onRequest()
      }
    } catch (error) {
      if (!(error instanceof CodecError || error instanceof RefusedRequestError)) {
        this.#onFault(error)
        return
      }
      // As Kafka does: a request that cannot be read ends the connection, and the log says why.
      const { logger } = this.context
      const client = { remoteAddress: this.remoteAddress, port: 'Kafka' } as const
      const isTls = this.#use === 'login' && warnIfTls(chunk, client, logger)
      if (!isTls) logger.info({ reason: error.message }, 'Kafka request refused')
      this.destroy()
    }
  }

  #mayRead(): boolean {
    return this.#isOpenToMore && !this.#gate.yieldIfSpent()
  }

  #onRequest(): void {
    const { buffer, start, end } = this.#stream
    if (this.sasl.takesRawToken) {
      void this.#answerRawToken(buffer.subarray(start, end))
      return
    }
    const reader = this.#reader
    reader.reset(buffer, start, end)
    const header = readRequestHeader(reader)
    const api = servedApi(header, this.context.broker.settings, this.sasl)
    const { operation, hasRecords = false } = servedApis[api]
    const home = isForHome(api) ? this.#home : undefined
    const loading = home === undefined ? loadApi(api) : undefined
    if (loading !== undefined) {
      this.#gate.holdBackUntil(loading, (error) => this.#onFault(error))
      return
    }
    this.names.clientId = header.clientId ?? ''
    this.throttle.follow(this.names.clientId)
    if (hasRecords && this.#isInDebt()) return
    const largeSize = this.#largeSizeOf(api, end - start, hasRecords)
    if (header.isSupported && largeSize > 0 && !this.context.largeRequests.tryBegin(largeSize)) {
      this.#gate.holdBack()
      return
    }
    this.#noteUse(operation)
    const slot = this.#answers.open()
    if (home !== undefined) this.#sendHome(home, { api, slot }, buffer.subarray(start, end))
    else this.#answer({ api, header, size: end - start, slot, largeSize }, reader)
    reader.release()
    this.#gate.shutIfFull()
  }

  /** Throws RefusedRequestError for one that is too large, now or always. */
  #largeSizeOf(api: ApiName, size: number, hasRecords: boolean): number {
    if (!hasRecords && size > kafkaLimits.kafkaPlainRequestSizeMax) {
      throw new RefusedRequestError(`${api} of ${size} bytes`)
    }
    const largeSize = LargeRequests.sizeOf(size, hasRecords)
    if (largeSize > 0 && !this.context.broker.admission.isOpen) {
      throw new RefusedRequestError(`${api} of ${size} bytes while memory is nearly used up`)
    }
    return largeSize
  }

  #answer<Name extends ApiName>(started: StartedRequest<Name>, reader: WireReader): void {
    if (started.header.isSupported) this.#startOrEnd(started, reader)
    else this.#refuseVersion(started.api, started.header, started.slot)
  }

  /** Others have left a limit in debt: the producer's request waits. */
  #isInDebt(): boolean {
    this.throttle.look()
    if (this.throttle.isMuted) this.#gate.isHoldingBack = true
    return this.throttle.isMuted
  }

  #noteUse(operation: Operation): void {
    if (operation === 'login' || this.#use === 'work') return
    this.#use = operation
    if (operation === 'work') this.context.advertisedWatch.onWork(this.remoteAddress)
  }

  #sendHome<Name extends ApiName>(
    home: HomeRequests,
    { api, slot }: { readonly api: Name; readonly slot: AnswerSlot },
    request: Buffer,
  ): void {
    const { length } = request
    this.#inFlight.begin(api, length, servedApis[api])
    home.send(request, servedApis[api], (answer) => {
      this.#inFlight.end(api, length, servedApis[api])
      if (this.#isClosed) return
      if (answer === undefined) this.destroy()
      else this.#fill(slot, [answer])
    })
  }

  /** What cannot be read, or is refused as a whole, is over as well. */
  #startOrEnd<Name extends ApiName>(started: StartedRequest<Name>, reader: WireReader): void {
    try {
      this.#start(started, reader)
    } catch (error) {
      this.#endLarge(started)
      throw error
    }
  }

  #endLarge(started: { largeSize: number }): void {
    const { largeSize } = started
    started.largeSize = 0
    if (largeSize > 0) this.context.largeRequests.end(largeSize)
  }

  #start<Name extends ApiName>(started: StartedRequest<Name>, reader: WireReader): void {
    const { api, header, slot } = started
    const { apiVersion, clientId } = header
    const served = servedApis[api]
    const { throttle } = this
    const request = throttle.time(() => readRequest(api, reader, apiVersion))
    if (served.hasRecords) throttle.take('produce', started.size)
    started.size += reader.elementCount * kafkaLimits.kafkaElementSize
    const context = {
      ...this.context,
      ...(throttle.isTimed && { slices: throttle.timedSlices(this.context.slices) }),
      apiVersion,
      clientId: clientId ?? '',
      client: this,
      access: this.sasl.access,
      slot,
    }
    const { buffer } = this.#stream
    this.#inFlight.begin(api, started.size, served)
    const answer = throttle.time(() => served.handle(request, context))
    if (!(answer instanceof Promise)) {
      this.#finish(started, answer)
      return
    }
    answer.then(
      (response) => {
        this.#finish(started, response)
        if (served.ownsRequestMemory) pagePool.release(buffer)
      },
      (error: unknown) => {
        slot.drop()
        this.#endLarge(started)
        this.#onFault(error)
      },
    )
  }

  #finish<Name extends ApiName>(
    started: StartedRequest<Name>,
    response: ApiMessages[Name]['response'] | undefined,
  ): void {
    const { api, header, size, slot } = started
    this.#endLarge(started)
    this.#inFlight.end(api, size, servedApis[api])
    if (!this.#isClosed) this.#noteInput()
    if (this.#isClosed) {
      slot.drop()
      return
    }
    const { apiVersion, correlationId } = header
    try {
      const answered = { api, apiVersion, correlationId }
      this.throttle.takeTime()
      const told = response && this.throttle.tell(response)
      const parts = told && this.throttle.time(() => encodeResponse(this.#writer, answered, told))
      this.#fill(slot, parts ?? [])
      if (this.sasl.hasFailed) this.socket.end()
    } catch (error) {
      this.#onFault(error)
    }
  }

  /** KIP-511: ApiVersions is answered in version 0; any other unsupported version ends the connection. */
  #refuseVersion(api: ApiName, header: RequestHeader, slot: AnswerSlot): void {
    if (api !== 'apiVersions') {
      throw new RefusedRequestError(`${api} version ${header.apiVersion} is not supported`)
    }
    const { correlationId } = header
    const answered = { api, apiVersion: 0, correlationId }
    this.#fill(slot, encodeResponse(this.#writer, answered, unsupportedApiVersions()))
  }

  /** SaslHandshake version 0: the token comes bare, with a size in front, and so does the answer. */
  async #answerRawToken(token: Buffer): Promise<void> {
    const slot = this.#answers.open()
    const login = await this.sasl.authenticate(token)
    if (this.#isClosed) return
    if (login.isAccepted) this.#fill(slot, [Buffer.alloc(4)])
    else this.context.clock.after(login.waitMs, () => this.destroy())
  }

  /** The answer is known: it leaves when those before it have. */
  #fill(slot: AnswerSlot, parts: readonly Buffer[]): void {
    const hasSent = this.#answers.fill(slot, parts)
    this.#noteUnsent()
    if (hasSent) this.#gate.openIfRoom()
    if (this.isEnding) this.end()
  }

  #onFault(error: unknown): void {
    if (error instanceof RefusedRequestError) {
      this.refuse(error.message)
      return
    }
    // The broker stops, and nobody makes what was asked for any more.
    if (!(error instanceof WorkerClosedError)) {
      this.context.logger.error({ err: error }, 'Unexpected error in a Kafka connection')
    }
    this.destroy()
  }

  /** Neither the connection nor the memory for requests is full. */
  get #isOpenToMore(): boolean {
    if (this.#isClosed || this.isEnding || this.#gate.isShut) return false
    return !this.#held.isPaused && !this.throttle.isMuted
  }

  #noteInput(): void {
    const heldBack = this.#gate.isHoldingBack ? this.#stream.end - this.#stream.start : 0
    this.#held.setInput(this.#stream.heldSize + heldBack + this.#inFlight.size)
  }

  #noteUnsent(): void {
    this.#held.setUnsent(this.#answers.unsentSize)
    if (this.socket.writableLength > 0) this.context.sendWatch.watch(this)
  }

  #endForMemory(): void {
    const remote = this.remoteAddress
    this.context.logger.warn({ remote }, 'Connection closed: it holds much of the memory')
    this.destroy()
  }

  /** Who does not read at all does not hear that the peer has gone. */
  #limitReadAhead(): void {
    const isFarAhead = !this.#isOpenToMore && this.#stream.restSize > kafkaLimits.kafkaReadAheadMax
    if (isFarAhead) this.socket.pause()
    else if (this.socket.isPaused()) this.socket.resume()
  }

  #goOn(): void {
    if (!this.#isOpenToMore) return
    this.#readRequests()
    if (this.#isClosed) return
    this.#noteInput()
    this.#limitReadAhead()
  }
}
