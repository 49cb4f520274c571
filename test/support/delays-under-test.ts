// A broker with exchanges that delay, on the memory engine or on a disk in memory that restarts and
// crashes, with a virtual clock. Messages are numbers; what comes into a queue is noted with its time.
import assert from 'node:assert/strict'
import { Rights } from '../../src/auth/rights.ts'
import { Broker } from '../../src/broker/broker.ts'
import type { Destination } from '../../src/broker/destination.ts'
import type { Exchange } from '../../src/broker/exchange/exchange.ts'
import type { Intake } from '../../src/broker/publish/intake.ts'
import { Queue } from '../../src/broker/queue/queue.ts'
import type { RestoreReport } from '../../src/broker/restore-topology.ts'
import { shareCursorIds } from '../../src/broker/share/share-rows.ts'
import { Shortage } from '../../src/broker/shortage.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import { Turn } from '../../src/lib/turn.ts'
import type { FileLimits } from '../../src/log/file/file-limits.ts'
import { openFileLogStore } from '../../src/log/file/open-file-log-store.ts'
import type { LogStore } from '../../src/log/log-store.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import type { RunConverter } from '../../src/log/run-converter.ts'
import { foldTopology } from '../../src/meta/fold-topology.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader, readHeaders } from '../../src/record/message/content-header.ts'
import {
  type FieldEntry,
  type FieldInput,
  type FieldTable,
  fieldValue,
  table,
} from '../../src/record/message/field-table.ts'
import { sourceFrom } from '../../src/record/message/fill-source.ts'
import type { RecordSource } from '../../src/record/message/record-source.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { FaultDisk } from '../../src/testing/fault-disk.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { textOf } from './queue-under-test.ts'

const patienceMs = 20_000

export interface Arrival {
  readonly text: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly headers: FieldTable | undefined
  readonly exchange: string
}

type DelayInput = number | bigint | string | boolean | FieldEntry['value'] | undefined

export interface PublishOptions {
  readonly exchange?: string
  readonly key?: string
  readonly headers?: { readonly [name: string]: FieldInput }
  readonly priority?: number
}

export class DelaysUnderTest<C extends Clock = VirtualClock> {
  readonly clock: C
  readonly broker: Broker
  readonly shortage: Shortage = new Shortage()
  readonly damaged: number[] = []
  readonly #intake: Intake

  /** `cellNumber`: it is one of several. */
  constructor(store: LogStore, clock: C, turn: Turn, cellNumber?: number) {
    this.clock = clock
    this.broker = new Broker({
      ...(cellNumber !== undefined && { cellNumber }),
      store,
      turn,
      clock,
      random: seededRandom(1),
      shortage: this.shortage,
      vhosts: [],
      onDamaged: (_from, offset) => this.damaged.push(offset),
    })
    this.#intake = this.broker.createIntake(this.broker.getVHost('/'), {
      user: 'guest',
      tags: [],
      replyAddress: undefined,
      rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
      onPublished: () => undefined,
      onRefused: (error) => assert.fail(error as Error),
      onHeldSize: () => undefined,
      onGoOn: () => undefined,
      onLimited: () => undefined,
    })
  }

  static inMemory(): DelaysUnderTest {
    const clock = new VirtualClock()
    const turn = new Turn(clock)
    return new DelaysUnderTest(new MemoryLogStore({ clock, turn }), clock, turn)
  }

  declare(name: string, type: string, args: { readonly [name: string]: FieldInput } = {}): void {
    this.declareWith(name, type, { args })
  }

  declareWith(
    name: string,
    type: string,
    {
      durable = true,
      args = {},
    }: { durable?: boolean; args?: { readonly [name: string]: FieldInput } },
  ): void {
    const rest = { durable, autoDelete: false, internal: false, arguments: table(args) }
    this.broker.topology.write(this.broker.getVHost('/').declareExchange({ name, type, ...rest }))
  }

  queue(name: string, exchange?: string, key = 'k', durable = true): void {
    this.#declareQueue(name, durable, {})
    if (exchange !== undefined) this.bindQueue(name, exchange, key)
  }

  queueWith(name: string, exchange: string, args: { readonly [name: string]: FieldInput }): void {
    this.#declareQueue(name, true, args)
    this.bindQueue(name, exchange)
  }

  #declareQueue(
    name: string,
    durable: boolean,
    args: { readonly [name: string]: FieldInput },
  ): void {
    const rest = { durable, exclusive: false, autoDelete: false, arguments: table(args) }
    this.broker.declareQueue(this.broker.getVHost('/'), { name, ...rest, connection: this })
  }

  bindQueue(name: string, exchange: string, key = 'k'): void {
    const changes = this.broker.getVHost('/').bindQueue(name, exchange, key, table({}))
    this.broker.topology.write(changes)
  }

  bindExchange(destination: string, source: string, key = 'k'): void {
    const changes = this.broker.getVHost('/').bindExchange(destination, source, key, table({}))
    this.broker.topology.write(changes)
  }

  deleteExchange(name: string): void {
    const changes = this.broker.getVHost('/').deleteExchange(name, { ifUnused: false })
    this.broker.topology.write(changes)
  }

  exchange(name = 'x'): Exchange<Destination> {
    return this.broker.getVHost('/').getExchange(name)
  }

  /** Whether it has somewhere to go. */
  publish(text: string, delay: DelayInput, options: PublishOptions = {}): boolean {
    this.#intake.offer(sourceOf(text, delay, options), 0)
    return this.#intake.isRouted
  }

  /** Publishes all in one transaction. */
  commit(texts: readonly string[], delay: DelayInput, options: PublishOptions = {}): void {
    const publishes = texts.map((text) => this.#intake.keep(sourceOf(text, delay, options), 0))
    this.#intake.commit({ publishes, settlements: [], onCommitted: () => undefined })
  }

  get isConfirmed(): boolean {
    return this.#intake.ticket?.isDurable ?? true
  }

  /** Takes what is ready; on a disk, what can be had without waiting for that. */
  take(queueName = 'q'): Arrival[] {
    const queue = this.broker.getVHost('/').findQueue(queueName)
    assert.ok(queue instanceof Queue)
    const view = new RecordView()
    const arrivals: Arrival[] = []
    for (;;) {
      const result = queue.take(view, true)
      // The mark of what is delivered becomes durable first.
      if (result === 'wait' && this.#virtual.endOneTurn()) continue
      if (result !== 'record') return arrivals
      const { buffer, headerStart, headerEnd, addressStart } = view
      arrivals.push({
        text: textOf(view),
        at: this.clock.now(),
        headers: readHeaders(buffer, headerStart, headerEnd),
        exchange: buffer.toString(
          'utf8',
          addressStart + 1,
          addressStart + 1 + buffer[addressStart]!,
        ),
      })
      // Last: its memory may be used for something else then.
      queue.drop(view.offset)
    }
  }

  get #virtual(): VirtualClock {
    assert.ok(this.clock instanceof VirtualClock)
    return this.clock
  }

  readyCount(queueName = 'q'): number {
    const queue = this.broker.getVHost('/').findQueue(queueName)
    assert.ok(queue instanceof Queue)
    return queue.readyCount
  }

  /** Lets `ms` pass, a millisecond at a time where something happens, and takes what arrives. */
  advance(ms: number, queueName = 'q'): Arrival[] {
    const clock = this.#virtual
    const end = clock.monotonic() + ms
    clock.endTurn()
    const arrivals = this.take(queueName)
    for (;;) {
      const next = Math.min(end, Math.max(clock.nextDueMs, clock.monotonic()))
      clock.advance(next - clock.monotonic())
      arrivals.push(...this.take(queueName))
      clock.endTurn()
      if (clock.monotonic() >= end) return arrivals
    }
  }
}

function sourceOf(text: string, delay: DelayInput, options: PublishOptions): RecordSource {
  const asked = typeof delay === 'object' || delay === undefined ? delay : fieldValue(delay)
  const headers = table(options.headers ?? {}).with('x-delay', asked)
  const body = Buffer.from(text)
  const header = encodeContentHeader(body.length, {
    headers,
    ...(options.priority !== undefined && { priority: options.priority }),
  })
  const address = encodeAddress(options.exchange ?? 'x', options.key ?? 'k')
  return sourceFrom({ address, header, body })
}

/** Processes one after the other on one disk. */
export class DelaysOnDisk {
  /** Of the process that runs, or ran last. */
  clock: VirtualClock = new VirtualClock()
  disk: FaultDisk = new FaultDisk(systemClock)
  /** What the last start has told. */
  report: RestoreReport | undefined
  /** What the log's keyed state had at the last start. */
  state: ReadonlyMap<string, Buffer> = new Map()

  /** Smaller ones of the log, from the next start on. */
  limits: Partial<FileLimits> = {}

  /** Makes messages of Kafka's batches, where there are some. */
  readonly #converter: RunConverter | undefined

  /** Of a process that has one of several cells. */
  readonly #cellNumber: number | undefined

  constructor(converter?: RunConverter, cellNumber?: number) {
    this.#converter = converter
    this.#cellNumber = cellNumber
  }

  /** Starts the next process, `pauseMs` after the last one. */
  async start(pauseMs = 0): Promise<DelaysUnderTest> {
    const clock = new VirtualClock(this.clock.now() + pauseMs)
    this.clock = clock
    const turn = new Turn(clock)
    const tiny = { walFileSizeMax: 100_000, tailCacheSizeMax: 4500 }
    const { store, recovered } = await this.pump(
      openFileLogStore({
        path: '/data',
        disk: this.disk,
        durability: 'fsync',
        limits: { ...tiny, ...this.limits },
        clock,
        turn,
        random: seededRandom(1),
        ...(this.#converter && { converter: this.#converter }),
      }),
    )
    const it = new DelaysUnderTest(store, clock, turn, this.#cellNumber)
    const topology = foldTopology(recovered.topology)
    this.report = it.broker.restore(topology, recovered.logs, shareCursorIds(recovered.state))
    store.setTopologySource(() => it.broker.topologyEntries())
    this.state = recovered.state
    it.broker.restoreState(recovered.state)
    return it
  }

  async stop(it: DelaysUnderTest): Promise<void> {
    it.broker.prepareToClose()
    await this.pump(it.broker.store.close())
  }

  /** The machine loses its power. */
  crash(random: Random): void {
    this.disk = this.disk.crash(random)
  }

  /** Ends turns until the promise is settled; time stands still unless that needs it to pass. */
  async pump<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.until(() => isSettled)
    return promise
  }

  async until(condition: () => boolean): Promise<void> {
    // Modules are loaded meanwhile, in time that is no virtual one.
    const giveUpAt = systemClock.monotonic() + patienceMs
    for (let count = 1; !condition(); count++) {
      assert.ok(systemClock.monotonic() < giveUpAt, 'it does not come')
      await this.turn()
      if (count % 2000 === 0) this.clock.nextTimer()
    }
  }

  /** One turn, in which the disk answers. */
  async turn(): Promise<void> {
    this.clock.endOneTurn()
    await new Promise(setImmediate)
  }

  /** Lets `ms` pass in steps, with turns for the disk in between. */
  async advance(ms: number, stepMs = 1000): Promise<void> {
    const end = this.clock.monotonic() + ms
    while (this.clock.monotonic() < end) {
      const left = end - this.clock.monotonic()
      this.clock.advance(Math.min(left, stepMs))
      for (let count = 0; count < 5; count++) await this.turn()
    }
  }

  /** Takes what is in a queue, and goes on until `count` messages have come and none is left. */
  async take(it: DelaysUnderTest, count: number, queueName = 'q'): Promise<Arrival[]> {
    const arrivals: Arrival[] = []
    await this.until(() => {
      arrivals.push(...it.take(queueName))
      return arrivals.length >= count && it.readyCount(queueName) === 0
    })
    return arrivals
  }
}
