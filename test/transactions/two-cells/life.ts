// One process of a cell: its store on the cell's disk, its partitions, in one of the cells the coordinator, in the other
// one a branch, and what other cells may ask of it. Whoever waits for it is told of its death.
import assert from 'node:assert/strict'
import type { Destination } from '../../../src/broker/destination.ts'
import { cellOfPartition } from '../../../src/broker/topic/cell-of-partition.ts'
import type { Partition } from '../../../src/broker/topic/partition.ts'
import { ProducerIds } from '../../../src/broker/topic/producer-ids.ts'
import type { TopicView } from '../../../src/broker/topic/topic-view.ts'
import type { Topics } from '../../../src/broker/topic/topics.ts'
import type { TransactionBranch } from '../../../src/broker/transaction/transaction-branch.ts'
import { TransactionCell } from '../../../src/broker/transaction/transaction-cell.ts'
import {
  TransactionCoordinator,
  type TransactionEnd,
} from '../../../src/broker/transaction/transaction-coordinator.ts'
import type { VHost } from '../../../src/broker/vhost.ts'
import { whenDurable } from '../../../src/broker/when-durable.ts'
import type { SpreadTransactions } from '../../../src/cell/spread-transactions.ts'
import { BatchWorker } from '../../../src/crossing/batch-worker.ts'
import { Crossing } from '../../../src/crossing/crossing.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/logger.ts'
import { Turn } from '../../../src/lib/turn.ts'
import { openFileLogStore } from '../../../src/log/file/open-file-log-store.ts'
import type { LogStore } from '../../../src/log/log-store.ts'
import { foldTopology } from '../../../src/meta/fold-topology.ts'
import { transactionHandlers } from '../../../src/node/calls/transaction-calls.ts'
import type { FaultDisk } from '../../../src/testing/fault-disk.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { DelaysUnderTest } from '../../support/delays-under-test.ts'
import { Desk } from './desk.ts'
import { MortalClock } from './mortal-clock.ts'
import { Places } from './places.ts'

/** A queue or a partition of the topic, and the cell that has it. */
export interface Place {
  readonly cell: number
  readonly topic: string
  readonly partition: number
}

export const topic = 't'
export const queue = 'tasks'
export const cellCount = 2
export const partitionCount = 4

/** What a cell answers other cells. */
export type Answers = ReturnType<typeof transactionHandlers>

export interface LifeOptions {
  /** 0 is the home: it has the coordinator, groups, queues, and all topics. */
  readonly number: number
  readonly disk: FaultDisk
  readonly clock: Clock
  /** Of the topic, which the home has made before the first start of the other one. */
  readonly topicId: string | undefined
  /** Of the process that starts: its way to others ends with it. */
  readonly spreadFrom: (life: () => Life) => SpreadTransactions
  /** What a planted bug makes of the coordinator's store. */
  readonly disguise: (
    store: LogStore,
  ) => Pick<LogStore, 'beginAtom' | 'endAtom' | 'epoch' | 'putState'>
  /** And of what it answers. */
  readonly mistake: (answers: Answers, life: Life) => Answers
}

export class Life {
  readonly number: number
  readonly clock: MortalClock
  readonly it: DelaysUnderTest<Clock>
  readonly #deaths = new Set<() => void>()
  #answers: Answers | undefined
  #coordinator: TransactionCoordinator | undefined
  #desk: Desk | undefined
  #places: Places | undefined
  #branch: TransactionBranch | undefined

  private constructor(number: number, clock: MortalClock, it: DelaysUnderTest<Clock>) {
    this.number = number
    this.clock = clock
    this.it = it
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
    const it = new DelaysUnderTest<Clock>(store, clock, turn, options.number)
    it.broker.restore(foldTopology(recovered.topology), recovered.logs, new Set())
    store.setTopologySource(() => it.broker.topologyEntries())
    it.broker.restoreState(recovered.state)
    const life = new Life(options.number, clock, it)
    if (options.number === 0) life.#openHome(options, recovered.state)
    else life.#openBranch(options)
    life.#openAnswers(options)
    if (recovered.logs.length === 0) await life.#declare(options.topicId)
    return life
  }

  get answers(): Answers {
    assert.ok(this.#answers)
    return this.#answers
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

  /** Undefined in the home. */
  get branch(): TransactionBranch | undefined {
    return this.#branch
  }

  get isDead(): boolean {
    return this.clock.isDead
  }

  get topics(): Topics {
    return this.it.broker.topicsOf(this.#vhost)
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

  view({ topic: name }: Place): TopicView {
    const view = this.topics.find(name)
    assert.ok(view)
    return view
  }

  partition(place: Place): Partition {
    const partition = this.view(place).led(place.partition)
    assert.ok(partition)
    return partition
  }

  async #declare(topicId: string | undefined): Promise<void> {
    const { broker } = this.it
    if (this.number === 0) {
      const asked = { name: topic, partitionCount, configs: {}, spread: cellCount }
      this.topics.create({ ...asked, isProvisional: false })
      this.it.queue(queue)
      await this.desk.declare()
    } else {
      assert.ok(topicId)
      const numbers = Array.from({ length: partitionCount }, (_, index) => index).filter(
        (index) => cellOfPartition(topicId, index, cellCount) === this.number,
      )
      this.topics.createPart({ name: topic, topicId, spread: cellCount, numbers, configs: {} })
    }
    broker.store.beginAtom()
    broker.store.putState('declared', Buffer.alloc(1))
    const ticket = broker.store.endAtom()
    await whenDurable(ticket)
  }

  #openBranch({ spreadFrom }: LifeOptions): void {
    const { broker } = this.it
    this.#branch = spreadFrom(() => this).openBranch({ broker, topics: this.topics })
  }

  #openHome({ spreadFrom, disguise }: LifeOptions, state: ReadonlyMap<string, Buffer>): void {
    const { store } = this.it.broker
    const cell = new TransactionCell({
      store,
      findPartition: ({ topic: name, partition, logId }) => {
        const found = this.topics.find(name)?.partitions[partition]
        return found?.log.id === logId ? found : undefined
      },
    })
    const endHere = async (end: TransactionEnd): Promise<void> => {
      await cell.whenKnown(end)
      if (!this.isDead) await whenDurable(cell.end(end))
    }
    const coordinator: TransactionCoordinator = new TransactionCoordinator({
      store: disguise(store),
      clock: this.clock,
      producerIds: new ProducerIds(store, state),
      ...spreadFrom(() => this).openHome({
        clock: this.clock,
        topics: this.topics,
        endHere,
        isClosed: () => coordinator.isClosed,
        logger: silentLogger,
      }),
    })
    this.#coordinator = coordinator
    this.#desk = new Desk(this.it, () => coordinator)
    this.#places = new Places(this.it, this.clock, state)
    cell.members.push(this.#places.member, this.#desk.held)
    this.#desk.held.restore(state)
    coordinator.restore(state)
    coordinator.start()
  }

  #openAnswers({ mistake }: LifeOptions): void {
    const transactions = this.#coordinator as TransactionCoordinator
    const own = { broker: this.it.broker, transactions, branch: this.#branch }
    this.#answers = mistake(transactionHandlers(own, this.topics), this)
  }
}
