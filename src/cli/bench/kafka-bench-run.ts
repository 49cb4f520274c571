// Producers and a group of consumers of one topic in this process, and what they counted.
import type { Admin, Consumer, MessagesStream, Producer } from '@platformatic/kafka'
import type { Clock } from '../../lib/clock.ts'
import { wait } from '../../lib/wait.ts'
import { benchLimits } from '../../limits/bench.ts'
import type { BenchCounts, BenchLoad, BenchPlan } from './bench-run.ts'
import { Latencies } from './latencies.ts'

type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>

export class KafkaBenchRun implements BenchLoad {
  readonly latencies: Latencies = new Latencies()
  readonly #clock: Clock
  readonly #plan: BenchPlan
  readonly #topic: string
  readonly #producers: Producer[] = []
  readonly #consumers: { readonly consumer: Consumer; readonly stream: Stream }[] = []
  readonly #counts = { published: 0, confirmed: 0, consumed: 0 }
  #admin: Admin | undefined
  #startedAt = 0
  #failure: Error | undefined

  constructor(clock: Clock, topic: string, plan: BenchPlan) {
    this.#clock = clock
    this.#plan = plan
    this.#topic = topic
  }

  get counts(): BenchCounts {
    return { ...this.#counts }
  }

  get tookMs(): number {
    return this.#clock.monotonic() - this.#startedAt
  }

  /** Each consumer has a partition of its own. */
  async open(url: string): Promise<void> {
    const kafka = await import('@platformatic/kafka')
    const { hostname, port } = new URL(url)
    const options = {
      clientId: 'pabal-bench',
      bootstrapBrokers: [`${hostname}:${port || '9092'}`],
      retries: 2,
      retryDelay: 250,
    }
    const { publishers, consumers } = this.#plan
    this.#admin = new kafka.Admin(options)
    const partitions = Math.max(consumers, 1)
    await this.#admin.createTopics({ topics: [this.#topic], partitions, replicas: 1 })
    const opened = Array.from({ length: consumers }, async () => {
      const own = { groupId: this.#topic, autocommit: false, maxWaitTime: 100 }
      const consumer = new kafka.Consumer({ ...options, ...own })
      const stream = await consumer.consume({ topics: [this.#topic], mode: 'earliest' })
      stream.on('error', (error: Error) => {
        this.#failure ??= error
      })
      stream.on('data', ({ value }) => {
        this.latencies.add(this.#clock.monotonic() - value.readDoubleBE(0))
        this.#counts.consumed++
      })
      this.#consumers.push({ consumer, stream })
    })
    await Promise.all(opened)
    for (let index = 0; index < publishers; index++) {
      this.#producers.push(new kafka.Producer({ ...options, acks: -1 }))
    }
  }

  /** Sends batches, one after the other, of as many as may wait for their confirm. */
  async send(signal: AbortSignal): Promise<void> {
    this.#startedAt = this.#clock.monotonic()
    await Promise.all(this.#producers.map((producer) => this.#publish(producer, signal)))
    if (this.#failure !== undefined) throw this.#failure
  }

  async settle(): Promise<void> {
    if (this.#plan.consumers === 0) return
    const until = this.#clock.monotonic() + benchLimits.settleMsMax
    while (this.#counts.consumed < this.#counts.published && this.#clock.monotonic() < until) {
      await wait(this.#clock, 10)
    }
  }

  /** Deletes the topic and the group. */
  async close(): Promise<void> {
    const clients = [
      ...this.#producers.map((producer) => producer.close()),
      ...this.#consumers.map(async ({ consumer, stream }) => {
        await stream.close()
        await consumer.close(true)
      }),
    ]
    await Promise.allSettled(clients)
    const admin = this.#admin
    if (admin === undefined) return
    try {
      if (this.#consumers.length > 0) await admin.deleteGroups({ groups: [this.#topic] })
      await admin.deleteTopics({ topics: [this.#topic] })
    } finally {
      await admin.close()
    }
  }

  async #publish(producer: Producer, signal: AbortSignal): Promise<void> {
    const { rate, publishers, confirms } = this.#plan
    let sent = 0
    while (!signal.aborted && this.#failure === undefined) {
      const due =
        rate === undefined ? confirms : Math.ceil((rate / publishers / 1000) * this.tookMs) - sent
      const count = Math.min(due, confirms)
      if (count <= 0) {
        await wait(this.#clock, benchLimits.rateLookMs, signal)
        continue
      }
      const messages = Array.from({ length: count }, () => this.#message(sent++))
      this.#counts.published += count
      await producer.send({ messages })
      this.#counts.confirmed += count
    }
  }

  #message(number: number): { topic: string; partition: number; value: Buffer } {
    const value = Buffer.alloc(this.#plan.size)
    value.writeDoubleBE(this.#clock.monotonic(), 0)
    return { topic: this.#topic, partition: number % Math.max(this.#plan.consumers, 1), value }
  }
}
