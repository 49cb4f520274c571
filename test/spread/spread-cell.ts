// One process of a cell on its disk: its broker, what it answers to the home of topics, and for the home what it asks
// others. Whoever waits for it is told of its death.
import assert from 'node:assert/strict'
import { Rights } from '../../src/auth/rights.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { Destination } from '../../src/broker/destination.ts'
import type { Intake, IntakeClient } from '../../src/broker/publish/intake.ts'
import { LedRecords } from '../../src/broker/spread/led-records.ts'
import type { RecordCalls } from '../../src/broker/spread/record-calls.ts'
import { cellOfPartition } from '../../src/broker/topic/cell-of-partition.ts'
import { heldCursorIds } from '../../src/broker/topic/hold.ts'
import type { Topic } from '../../src/broker/topic/topic.ts'
import type { Topics } from '../../src/broker/topic/topics.ts'
import { whenDurable } from '../../src/broker/when-durable.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { FaultDisk } from '../../src/testing/fault-disk.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { MortalClock } from '../transactions/two-cells/mortal-clock.ts'
import { openCellBroker } from './open-cell-broker.ts'

export interface SpreadCellOptions {
  readonly number: number
  readonly disk: FaultDisk
  readonly clock: Clock
  /** Of records in memory. */
  readonly tailCacheSizeMax: number
  /** What it asks other cells by; only the home asks. */
  readonly calls?: ((from: SpreadCell) => RecordCalls) | undefined
}

export class SpreadCell {
  readonly number: number
  readonly clock: MortalClock
  readonly broker: Broker
  readonly records: LedRecords
  readonly intake: Intake
  /** Notes of the messages that came into a queue, in their order. */
  readonly published: number[] = []
  /** Which cells it has told of as away, and as back. */
  readonly told: string[] = []
  readonly #deaths = new Set<() => void>()

  private constructor(number: number, clock: MortalClock, broker: Broker) {
    this.number = number
    this.clock = clock
    this.broker = broker
    const { store, shortage } = broker
    this.records = new LedRecords({
      store,
      clock,
      shortage,
      findTopic: (id) => this.topics.findById(id),
      topics: () => broker.topics(),
    })
    this.intake = broker.createIntake(broker.getVHost('/'), this.#client())
  }

  static async start(
    options: SpreadCellOptions,
    onBorn: (clock: MortalClock) => void = () => undefined,
  ): Promise<SpreadCell> {
    const clock = new MortalClock(options.clock)
    onBorn(clock)
    const { number, disk, tailCacheSizeMax } = options
    const random = seededRandom(number + 1)
    const own = { number, disk, clock, random, tailCacheSizeMax, cursorIds: heldCursorIds }
    const { broker } = await openCellBroker(own)
    const cell = new SpreadCell(number, clock, broker)
    const calls = options.calls?.(cell)
    if (calls !== undefined) cell.#connect(calls)
    return cell
  }

  get topics(): Topics {
    return this.broker.topicsOf(this.broker.getVHost('/'))
  }

  get isDead(): boolean {
    return this.clock.isDead
  }

  topic(name = 't'): Topic {
    const topic = this.topics.find(name)?.topic
    assert.ok(topic)
    return topic
  }

  queue(name: string): Destination {
    const queue = this.broker.getVHost('/').findQueue(name)
    assert.ok(queue)
    return queue
  }

  /** Makes the part of a topic that the cell is to have, unless it is there. */
  async follow({ name, topicId, spread, partitions, config }: Topic): Promise<void> {
    const numbers = partitions.flatMap((_partition, number) =>
      cellOfPartition(topicId, number, spread) === this.number ? [number] : [],
    )
    if (this.topics.find(name) !== undefined || numbers.length === 0) return
    const asked = { name, topicId, spread, numbers, configs: config.overrides }
    await whenDurable(this.topics.createPart(asked).ticket)
  }

  die(): void {
    this.clock.isDead = true
    this.broker.spread?.close()
    for (const onDeath of this.#deaths) onDeath()
  }

  /** Returns what ends to wait for it. */
  whenDead(onDeath: () => void): () => void {
    this.#deaths.add(onDeath)
    return () => void this.#deaths.delete(onDeath)
  }

  #connect(calls: RecordCalls): void {
    this.broker.spread!.connect(calls, {
      onAway: (cell) => this.told.push(`${cell} away`),
      onBack: (cell) => this.told.push(`${cell} back`),
      onTrouble: (error) => assert.fail(error),
    })
  }

  #client(): IntakeClient {
    const { published } = this
    return {
      user: 'alice',
      tags: [],
      replyAddress: undefined,
      rights: new Rights({ user: 'alice', vhost: '/' }, { permission: 'all', topics: [] }),
      onPublished: (_source, note) => void published.push(note),
      onRefused: (error) => assert.fail(String(error)),
      onHeldSize: () => undefined,
      onLimited: () => undefined,
      onGoOn: () => undefined,
    }
  }
}
