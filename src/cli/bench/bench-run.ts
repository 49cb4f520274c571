// Publishers and consumers of one queue in this process, and what they counted.
import type { Channel, ChannelModel, ConfirmChannel, Options } from 'amqplib'
import type { Clock } from '../../lib/clock.ts'
import { wait } from '../../lib/wait.ts'
import { benchLimits } from '../../limits/bench.ts'
import { Latencies } from './latencies.ts'

export interface BenchPlan {
  readonly publishers: number
  readonly consumers: number
  /** Bytes of a message, 8 or more: the time of its publish is in it. */
  readonly size: number
  readonly seconds: number
  /** Messages per second of all publishers; undefined for as many as there can be. */
  readonly rate: number | undefined
  /** Messages of a publisher that wait for their confirm; 0 publishes without confirms. */
  readonly confirms: number
  readonly queueType: 'classic' | 'quorum' | 'stream'
}

export interface BenchCounts {
  readonly published: number
  readonly confirmed: number
  readonly consumed: number
}

export const stampSize = 8

/** What loads a broker, over one protocol. */
export interface BenchLoad {
  /** From publish to consumer. */
  readonly latencies: Latencies
  readonly counts: BenchCounts
  /** Milliseconds since publishers began. */
  readonly tookMs: number
  /** Connects all, and makes the queue or the topic. */
  open(url: string): Promise<void>
  /** Publishes until `signal` is given. Rejects when a connection ends before. */
  send(signal: AbortSignal): Promise<void>
  /** Resolves when all that was published was consumed, or after a while. */
  settle(): Promise<void>
  /** Deletes the queue or the topic with what is left in it. */
  close(): Promise<void>
}

export class BenchRun implements BenchLoad {
  readonly latencies: Latencies = new Latencies()
  readonly #clock: Clock
  readonly #plan: BenchPlan
  readonly #queue: string
  readonly #connections: ChannelModel[] = []
  readonly #counts = { published: 0, confirmed: 0, consumed: 0 }
  readonly #failed = Promise.withResolvers<never>()
  #startedAt = 0
  #isSending = false

  constructor(clock: Clock, queue: string, plan: BenchPlan) {
    this.#clock = clock
    this.#queue = queue
    this.#plan = plan
    this.#failed.promise.catch(() => undefined)
  }

  get counts(): BenchCounts {
    return { ...this.#counts }
  }

  get tookMs(): number {
    return this.#clock.monotonic() - this.#startedAt
  }

  async open(url: string): Promise<void> {
    const first = await this.#connect(url)
    const channel = await first.createChannel()
    await channel.assertQueue(this.#queue, this.#queueOptions)
    for (let index = 0; index < this.#plan.consumers; index++) {
      await this.#consume(await this.#connect(url))
    }
    for (let index = 0; index < this.#plan.publishers; index++) await this.#connect(url)
  }

  async send(signal: AbortSignal): Promise<void> {
    const { publishers, confirms } = this.#plan
    const pumps: (() => void)[] = []
    for (const connection of this.#connections.slice(-publishers)) {
      const channel =
        confirms > 0 ? await connection.createConfirmChannel() : await connection.createChannel()
      pumps.push(this.#pumpOf(channel))
    }
    this.#startedAt = this.#clock.monotonic()
    this.#isSending = true
    for (const pump of pumps) pump()
    const isStopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve())
    })
    try {
      await Promise.race([isStopped, this.#failed.promise])
    } finally {
      this.#isSending = false
    }
  }

  async settle(): Promise<void> {
    const until = this.#clock.monotonic() + benchLimits.settleMsMax
    if (this.#plan.consumers === 0) return
    while (this.#counts.consumed < this.#counts.published && this.#clock.monotonic() < until) {
      await wait(this.#clock, 10)
    }
  }

  async close(): Promise<void> {
    const [first] = this.#connections
    if (first === undefined) return
    this.#isSending = false
    try {
      const channel = await first.createChannel()
      await channel.deleteQueue(this.#queue)
    } finally {
      await Promise.all(this.#connections.map((connection) => connection.close().catch(nothing)))
    }
  }

  get #queueOptions(): Options.AssertQueue {
    const { queueType } = this.#plan
    const options = { durable: true, arguments: { 'x-queue-type': queueType } }
    // Streams do not expire.
    return queueType === 'stream' ? options : { ...options, expires: benchLimits.queueExpiresMs }
  }

  async #connect(url: string): Promise<ChannelModel> {
    const { connect } = await import('amqplib')
    const connection = await connect(url)
    this.#connections.push(connection)
    connection.on('error', (error: Error) => this.#failed.reject(error))
    connection.on('close', () => this.#failed.reject(new Error('a connection was closed')))
    return connection
  }

  async #consume(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel()
    channel.on('error', (error: Error) => this.#failed.reject(error))
    await channel.prefetch(benchLimits.prefetch)
    await channel.consume(this.#queue, (message) => {
      if (message === null) return
      this.latencies.add(this.#clock.monotonic() - message.content.readDoubleBE(0))
      this.#counts.consumed++
      channel.ack(message)
    })
  }

  /** Sends as much as may be on its way; called again when there is room for more. */
  #pumpOf(channel: Channel | ConfirmChannel): () => void {
    const { rate, confirms, publishers } = this.#plan
    const ratePerMs = rate === undefined ? Number.POSITIVE_INFINITY : rate / publishers / 1000
    let sent = 0
    let inFlight = 0
    let isFull = false
    const hasRoom = (): boolean =>
      this.#isSending &&
      !isFull &&
      (confirms === 0 || inFlight < confirms) &&
      (rate === undefined || sent < ratePerMs * this.tookMs)
    const onConfirm = (error: unknown): void => {
      inFlight--
      if (error !== null && error !== undefined) return
      this.#counts.confirmed++
      pump()
    }
    const pump = (): void => {
      let burst = 0
      while (hasRoom() && burst++ < benchLimits.burst) {
        inFlight++
        sent++
        this.#counts.published++
        isFull = !this.#sendOne(channel, onConfirm)
      }
      if (burst > benchLimits.burst) this.#clock.atEndOfTurn(pump)
      else if (rate !== undefined && this.#isSending) {
        timer ??= this.#clock.after(benchLimits.rateLookMs, () => {
          timer = undefined
          pump()
        })
      }
    }
    let timer: ReturnType<Clock['after']> | undefined
    channel.on('error', (error: Error) => this.#failed.reject(error))
    channel.on('drain', () => {
      isFull = false
      pump()
    })
    return pump
  }

  /** false: the socket takes no more for now. */
  #sendOne(channel: Channel | ConfirmChannel, onConfirm: (error: unknown) => void): boolean {
    const body = Buffer.alloc(this.#plan.size)
    body.writeDoubleBE(this.#clock.monotonic(), 0)
    const options = { persistent: true }
    if (this.#plan.confirms === 0) return channel.sendToQueue(this.#queue, body, options)
    return (channel as ConfirmChannel).sendToQueue(this.#queue, body, options, onConfirm)
  }
}

function nothing(): void {}
