// One process of a cell: its store on the cell's disk, its partitions, in one of the cells the coordinator, and
// what other cells may ask of it. Whoever waits for it is told of its death.
import assert from 'node:assert/strict'
import type { Destination } from '../../../src/broker/destination.ts'
import type { Partition } from '../../../src/broker/topic/partition.ts'
import { ProducerIds } from '../../../src/broker/topic/producer-ids.ts'
import { TransactionCell } from '../../../src/broker/transaction/transaction-cell.ts'
import {
  type EndInCells,
  TransactionCoordinator,
  type TransactionEnd,
} from '../../../src/broker/transaction/transaction-coordinator.ts'
import type { TransactionPart } from '../../../src/broker/transaction/transaction.ts'
import type { VHost } from '../../../src/broker/vhost.ts'
import { whenDurable } from '../../../src/broker/when-durable.ts'
import { BatchWorker } from '../../../src/crossing/batch-worker.ts'
import { Crossing } from '../../../src/crossing/crossing.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { Turn } from '../../../src/lib/turn.ts'
import { openFileLogStore } from '../../../src/log/file/open-file-log-store.ts'
import type { LogStore } from '../../../src/log/log-store.ts'
import { foldTopology } from '../../../src/meta/fold-topology.ts'
import type { FaultDisk } from '../../../src/testing/fault-disk.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { DelaysUnderTest } from '../../support/delays-under-test.ts'
import { Desk } from './desk.ts'
import { MortalClock } from './mortal-clock.ts'
import { Places } from './places.ts'

/** A queue or a topic of a cell, as transactions see it. */
export interface Place {
  readonly cell: number
  readonly topic: string
  /** Of the topic, whose partitions are spread over the cells. */
  readonly partition: number
  /** Among those in its cell. */
  readonly index: number
}

export const topic = 't'
export const queue = 'tasks'
export const partitionsPerCell = 2

export interface LifeOptions {
  readonly number: number
  readonly disk: FaultDisk
  readonly clock: Clock
  /** It has the coordinator. */
  readonly endInCells?: EndInCells
  /** What a planted bug makes of the coordinator's store. */
  readonly disguise: (
    store: LogStore,
  ) => Pick<LogStore, 'beginAtom' | 'endAtom' | 'epoch' | 'putState'>
}

export class Life {
  readonly number: number
  readonly clock: MortalClock
  readonly it: DelaysUnderTest<Clock>
  readonly #cell: TransactionCell
  readonly #deaths = new Set<() => void>()
  /** By producer id: how often its transactions were ended here. */
  readonly #ends = new Map<number, number>()
  #coordinatorEpoch = 0
  #coordinator: TransactionCoordinator | undefined
  /** In the cell that has the coordinator. */
  #desk: Desk | undefined
  /** In the other one. */
  #places: Places | undefined

  private constructor(number: number, clock: MortalClock, it: DelaysUnderTest<Clock>) {
    this.number = number
    this.clock = clock
    this.it = it
    const findPartition = (part: TransactionPart): Partition | undefined => this.#find(part)
    this.#cell = new TransactionCell({ store: it.broker.store, findPartition })
  }

  static async start(options: LifeOptions, onBorn: (clock: MortalClock) => void): Promise<Life> {
    const clock = new MortalClock(options.clock)
    onBorn(clock)
    const turn = new Turn(clock)
    const { store, recovered } = await openFileLogStore({
      path: '/data',
      disk: options.disk,
      durability: 'fsync',
      limits: { walFileSizeMax: 100_000, tailCacheSizeMax: 4500 },
      clock,
      turn,
      random: seededRandom(1),
      converter: new Crossing({
        worker: new BatchWorker(clock),
        onUndecodable: () => assert.fail(),
      }),
    })
    const it = new DelaysUnderTest<Clock>(store, clock, turn)
    it.broker.restore(foldTopology(recovered.topology), recovered.logs, new Set())
    store.setTopologySource(() => it.broker.topologyEntries())
    it.broker.restoreState(recovered.state)
    const life = new Life(options.number, clock, it)
    if (options.endInCells === undefined) life.#openPlaces(recovered.state)
    else life.#openCoordinator(options, recovered.state)
    if (recovered.logs.length === 0) await life.#declare()
    return life
  }

  get coordinator(): TransactionCoordinator {
    assert.ok(this.#coordinator)
    return this.#coordinator
  }

  get desk(): Desk {
    assert.ok(this.#desk)
    return this.#desk
  }

  get places(): Places {
    assert.ok(this.#places)
    return this.#places
  }

  get isDead(): boolean {
    return this.clock.isDead
  }

  get #vhost(): VHost<Destination> {
    return this.it.broker.getVHost('/')
  }

  die(): void {
    this.clock.isDead = true
    for (const onDeath of this.#deaths) onDeath()
    this.#coordinator?.[Symbol.dispose]()
    this.#places?.close()
  }

  /** Returns what ends to wait for it. */
  whenDead(onDeath: () => void): () => void {
    this.#deaths.add(onDeath)
    return () => void this.#deaths.delete(onDeath)
  }

  partition({ topic: name, index }: Place): Partition {
    const partition = this.it.broker.topicsOf(this.#vhost).find(name)?.partitions[index]
    assert.ok(partition)
    return partition
  }

  partOf(place: Place): TransactionPart {
    const { topic: name, partition } = place
    return { topic: name, partition, logId: this.partition(place).log.id }
  }

  /** Changes whenever a transaction of the producer ends here, had it written anything or not. */
  endsOf(producerId: number): number {
    return this.#ends.get(producerId) ?? 0
  }

  /** What a coordinator sends that has died meanwhile may come after what its successor sends. */
  async end(end: TransactionEnd, isDurable: boolean): Promise<void> {
    if (end.coordinatorEpoch < this.#coordinatorEpoch) throw new Error('fenced coordinator')
    this.#coordinatorEpoch = end.coordinatorEpoch
    this.#ends.set(end.producerId, this.endsOf(end.producerId) + 1)
    const ticket = this.#cell.end(end)
    if (isDurable) await whenDurable(ticket)
  }

  #find({ topic: name, partition, logId }: TransactionPart): Partition | undefined {
    const index = name === queue ? 0 : partition - this.number * partitionsPerCell
    const found = this.it.broker.topicsOf(this.#vhost).find(name)?.partitions[index]
    return found?.log.id === logId ? found : undefined
  }

  /** Both cells count their logs from the same number. */
  async #declare(): Promise<void> {
    const { broker } = this.it
    const asked = { name: topic, partitionCount: partitionsPerCell, configs: {} }
    broker.topicsOf(this.#vhost).create({ ...asked, isProvisional: false })
    this.it.queue(queue)
    await this.#desk?.declare()
    broker.store.beginAtom()
    broker.store.putState('declared', Buffer.alloc(1))
    const ticket = broker.store.endAtom()
    await whenDurable(ticket)
  }

  #openPlaces(state: ReadonlyMap<string, Buffer>): void {
    this.#places = new Places(this.it, this.clock, state)
    this.#cell.members.push(this.#places.member)
  }

  #openCoordinator(
    { endInCells, disguise }: LifeOptions,
    state: ReadonlyMap<string, Buffer>,
  ): void {
    const { store } = this.it.broker
    const coordinator = new TransactionCoordinator({
      store: disguise(store),
      clock: this.clock,
      producerIds: new ProducerIds(store, state),
      endInCells: endInCells!,
    })
    this.#coordinator = coordinator
    this.#desk = new Desk(this.it, () => coordinator)
    this.#cell.members.push(this.#desk.held)
    this.#desk.held.restore(state)
    coordinator.restore(state)
    coordinator.start()
  }
}
