// Two cells on disks of their own, of which one has the coordinator, and the ways between them: what nodes of a cluster do,
// by the same classes. Bugs can be planted.
import { cellOfPartition } from '../../../src/broker/topic/cell-of-partition.ts'
import type { Partition } from '../../../src/broker/topic/partition.ts'
import { partOf } from '../../../src/broker/transaction/part-of.ts'
import type { TransactionCoordinator } from '../../../src/broker/transaction/transaction-coordinator.ts'
import { decodeTransaction } from '../../../src/broker/transaction/transaction-rows.ts'
import type {
  TransactionalProducer,
  TransactionVersion,
} from '../../../src/broker/transaction/transaction.ts'
import { whenDurable } from '../../../src/broker/when-durable.ts'
import type { SpreadTransactions } from '../../../src/cell/spread-transactions.ts'
import type { KafkaErrorName } from '../../../src/codec/kafka/error-codes.gen.ts'
import type { Random } from '../../../src/lib/random.ts'
import type { LogStore } from '../../../src/log/log-store.ts'
import type { CellCalls } from '../../../src/node/calls/cell-calls.ts'
import { spreadTransactions } from '../../../src/node/calls/transaction-calls.ts'
import { KafkaRefusal } from '../../../src/server/kafka/error-code.ts'
import type { RequestContext } from '../../../src/server/kafka/request-context.ts'
import { ElsewhereJoins } from '../../../src/server/kafka/transactions/elsewhere-joins.ts'
import { expectInTransaction } from '../../../src/server/kafka/transactions/transactional-produce.ts'
import { FaultDisk } from '../../../src/testing/fault-disk.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { cellCount, Life, partitionCount, type Place, queue, topic } from './life.ts'
import { mistakes, type Planted } from './mistakes.ts'
import type { MortalClock } from './mortal-clock.ts'
import { Network, NoAnswer } from './network.ts'

export interface Written {
  readonly from: TransactionalProducer
  readonly version: TransactionVersion
  readonly place: Place
  /** Made anew for each try: the log takes its bytes. */
  readonly batch: () => Buffer
}

export interface Staged {
  readonly from: TransactionalProducer
  readonly version: TransactionVersion
  readonly groupId: string
  readonly offset: number
}

interface Cell {
  disk: FaultDisk
  life: Life | undefined
  /** Of the process that starts, too. */
  clock: MortalClock | undefined
}

const clientPatienceMs = 700
const home = 0
/** What producers of version 1 and 2 produce with. */
const produceVersions: Readonly<Record<TransactionVersion, number>> = { 1: 11, 2: 12 }
/** Producers try again after these. */
const passing: ReadonlySet<KafkaErrorName> = new Set([
  'NOT_ENOUGH_REPLICAS',
  'CONCURRENT_TRANSACTIONS',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
])

export class Cluster {
  readonly clock: VirtualClock
  readonly network: Network
  /** Something is about to happen, after which a crash hurts. */
  onMoment: () => void = () => undefined
  readonly #random: Random
  readonly #cells: readonly Cell[]
  readonly #planted: Planted
  #topicId: string | undefined
  #places: readonly Place[] = []

  constructor(clock: VirtualClock, random: Random, planted: Planted) {
    this.clock = clock
    this.#random = random
    this.#planted = planted
    this.network = new Network(clock, random)
    this.#cells = Array.from({ length: cellCount }, () => ({
      disk: new FaultDisk(clock),
      life: undefined,
      clock: undefined,
    }))
  }

  get places(): readonly Place[] {
    return this.#places
  }

  lifeOf(cell: number): Life | undefined {
    return this.#cells[cell]?.life
  }

  partition(place: Place): Partition | undefined {
    return this.lifeOf(place.cell)?.partition(place)
  }

  /** The first start of all, in which nothing crashes. */
  async begin(): Promise<void> {
    await this.start(home)
    const topicId = this.lifeOf(home)!.topics.find(topic)!.topicId
    this.#topicId = topicId
    const spread = Array.from({ length: partitionCount }, (_, partition) => {
      return { cell: cellOfPartition(topicId, partition, cellCount), topic, partition }
    })
    this.#places = [...spread, { cell: home, topic: queue, partition: 0 }]
    await this.start(1)
  }

  async start(number: number): Promise<void> {
    const cell = this.#cells[number]!
    if (cell.clock !== undefined) return
    const { disk } = cell
    this.#makeSlow(disk)
    const life = await Life.start(
      {
        number,
        disk,
        clock: this.clock,
        topicId: this.#topicId,
        spreadFrom: (from) => this.#spreadFrom(from),
        disguise: (store) => this.#disguise(store),
        mistake: (answers, of) => mistakes(answers, of, this.#planted),
      },
      (clock) => {
        cell.clock = clock
      },
    )
    if (life.clock === cell.clock && !life.isDead) cell.life = life
  }

  /** Power fails, or somebody kills the process, also while it starts. */
  stop(number: number): void {
    const cell = this.#cells[number]!
    if (cell.clock === undefined) return
    cell.clock.isDead = true
    cell.life?.die()
    const random = this.#random
    cell.disk = random.below(2) === 0 ? cell.disk.crash(random) : cell.disk.kill(random)
    cell.life = undefined
    cell.clock = undefined
  }

  /** A client asks the coordinator. */
  ask<T>(
    work: (coordinator: TransactionCoordinator) => Promise<T>,
    patienceMs?: number,
  ): Promise<T> {
    return this.network.call({
      to: this.lifeOf(home),
      ...(patienceMs !== undefined && { patienceMs }),
      work: ({ coordinator }) => work(coordinator),
    })
  }

  /** A client of version 1 says where it will write to. */
  addPartition(from: TransactionalProducer, { topic: name, partition }: Place): Promise<void> {
    return this.network.call({
      to: this.lifeOf(home),
      patienceMs: clientPatienceMs,
      work: async ({ coordinator, topics }) => {
        const part = partOf(topics.find(name), partition)
        await whenDurable(coordinator.addPartitions(from, [part!], 1))
      },
    })
  }

  /** A client of version 1 says which group it will commit to. */
  addGroup(from: TransactionalProducer, groupId: string): Promise<void> {
    return this.ask(async (coordinator) => {
      await whenDurable(coordinator.addGroup(from, groupId, 1))
    }, clientPatienceMs)
  }

  /** Where a group is, once no transaction may change that. */
  offsetOf(groupId: string): Promise<number> {
    return this.network.call({
      to: this.lifeOf(home),
      patienceMs: clientPatienceMs,
      work: ({ places }) => {
        const offset = places.offsetOf(groupId)
        return offset === 'unstable' ? Promise.reject(new NoAnswer()) : Promise.resolve(offset)
      },
    })
  }

  /** A client commits an offset with its transaction. */
  commitOffset({ from, version, groupId, offset }: Staged): Promise<void> {
    return this.network.call({
      to: this.lifeOf(home),
      patienceMs: clientPatienceMs,
      work: ({ coordinator, places }) => {
        if (version === 1) coordinator.verifyGroup(from, groupId)
        else coordinator.addGroup(from, groupId, 2)
        return places.stage(groupId, from.producerId, offset)
      },
    })
  }

  /** A client works with AMQP. */
  work<T>(work: (life: Life) => Promise<T>): Promise<T> {
    return this.network.call({ to: this.lifeOf(home), patienceMs: clientPatienceMs, work })
  }

  /** A client writes; of version 1 it has added the partition. */
  async write(written: Written): Promise<void> {
    await this.network.call({
      to: this.lifeOf(written.place.cell),
      patienceMs: clientPatienceMs,
      work: (life) => this.#store(life, written),
    })
  }

  /** As a produce does it. */
  async #store(life: Life, { from, version, place, batch }: Written): Promise<void> {
    const { coordinator: transactions, branch } =
      life.number === home ? life : { coordinator: undefined, branch: life.branch }
    const context = {
      apiVersion: produceVersions[version],
      access: { mayTransactionalId: () => true, needsTransactionalId: () => true },
      led: { cellOf: () => ({ transactions, branch }) },
    } as unknown as RequestContext
    const partition = life.partition(place)
    const { transactionalId } = from
    const view = life.view(place)
    const sent = { partition, view, index: place.partition, batch: batch(), transactionalId }
    using joins = new ElsewhereJoins(context)
    joins.look(sent)
    await joins.ask()
    if (life.isDead) return new Promise(() => {})
    try {
      expectInTransaction(sent, context, joins)
    } catch (error) {
      if (error instanceof KafkaRefusal && passing.has(error.error)) throw new NoAnswer()
      throw error
    }
    const produced = partition.produce(sent.batch)
    if (produced === 'large') throw new Error('a small batch')
    await whenDurable(produced.ticket)
  }

  /** How a process reaches the other one: what it says goes as JSON. */
  #spreadFrom(from: () => Life): SpreadTransactions {
    const call = async (cell: number, name: string, args: unknown): Promise<unknown> => {
      if (name === 'transactions.end') this.onMoment()
      const content = await this.network.call({
        to: this.lifeOf(cell),
        from: from(),
        isRough: true,
        work: async ({ answers }) => {
          const answer = answers[name as keyof typeof answers] as Answer
          const message = await answer(JSON.parse(JSON.stringify(args)))
          return JSON.parse(JSON.stringify(message.content)) as unknown
        },
      })
      if (name === 'transactions.end') this.onMoment()
      return { content }
    }
    return spreadTransactions({ call: call as CellCalls['call'] }, () => home)
  }

  /** Which of two disks is faster changes all the time. */
  #makeSlow(disk: FaultDisk): void {
    const random = this.#random
    let slowestMs = 2
    disk.onOperation = (operation) => {
      if (random.below(60) === 0) slowestMs = random.below(2) === 0 ? 60 : 2
      const isChange = operation === 'write' || operation === 'sync'
      return isChange ? { delayMs: random.below(slowestMs) } : undefined
    }
  }

  #disguise(store: LogStore): LogStore {
    if (this.#planted !== 'markers before Prepare is durable') return store
    let isPrepare = false
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'putState') {
          return (key: string, value: Buffer | undefined) => {
            isPrepare = value !== undefined && decodeTransaction(key, value).isPrepared
            return target.putState(key, value)
          }
        }
        if (name === 'endAtom') {
          return () => (isPrepare ? void target.endAtom() : target.endAtom())
        }
        const found: unknown = Reflect.get(target, name)
        return typeof found === 'function' ? found.bind(target) : found
      },
    })
  }
}

type Answer = (args: unknown) => Promise<{ readonly content: unknown }>
