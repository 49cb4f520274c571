// Two cells on disks of their own, of which one has the coordinator, and the doors between them: what a cluster does
// where the broker of one cell does it in one turn. Bugs can be planted.
import type { Partition } from '../../../src/broker/topic/partition.ts'
import type {
  TransactionCoordinator,
  TransactionEnd,
} from '../../../src/broker/transaction/transaction-coordinator.ts'
import { decodeTransaction } from '../../../src/broker/transaction/transaction-rows.ts'
import type {
  TransactionalProducer,
  TransactionVersion,
} from '../../../src/broker/transaction/transaction.ts'
import { whenDurable } from '../../../src/broker/when-durable.ts'
import type { Random } from '../../../src/lib/random.ts'
import type { LogStore } from '../../../src/log/log-store.ts'
import { FaultDisk } from '../../../src/testing/fault-disk.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { Life, partitionsPerCell, type Place, queue, topic } from './life.ts'
import type { MortalClock } from './mortal-clock.ts'
import { Network, NoAnswer } from './network.ts'

/** Mistakes that the simulation must find. */
export type Planted =
  | 'markers before Prepare is durable'
  | 'Complete before markers are durable'
  | 'a write before its part is durable'
  | 'a write that does not see an end'
  | 'an offset that does not see an end'
  | undefined

export interface Written {
  readonly from: TransactionalProducer
  readonly version: TransactionVersion
  readonly place: Place
  /** Sequence of its first record. */
  readonly first: number
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

export class Cluster {
  readonly clock: VirtualClock
  readonly network: Network
  readonly places: readonly Place[]
  /** Something is about to happen, after which a crash hurts. */
  onMoment: () => void = () => undefined
  readonly #random: Random
  readonly #cells: readonly Cell[]
  readonly #planted: Planted

  constructor(clock: VirtualClock, random: Random, planted: Planted) {
    this.clock = clock
    this.#random = random
    this.#planted = planted
    this.network = new Network(clock, random)
    this.#cells = [0, 1].map(() => this.#newCell(new FaultDisk(clock)))
    const spread = [0, 1].flatMap((cell) =>
      Array.from({ length: partitionsPerCell }, (_, index) => {
        return { cell, topic, partition: cell * partitionsPerCell + index, index }
      }),
    )
    this.places = [...spread, { cell: 1, topic: queue, partition: 0, index: 0 }]
  }

  lifeOf(cell: number): Life | undefined {
    return this.#cells[cell]?.life
  }

  partition(place: Place): Partition | undefined {
    return this.lifeOf(place.cell)?.partition(place)
  }

  async start(number: number): Promise<void> {
    const cell = this.#cells[number]!
    if (cell.clock !== undefined) return
    const { disk } = cell
    this.#makeSlow(disk)
    const coordinator = number === 0 && {
      endInCells: (end: TransactionEnd) => this.#endInCells(end),
    }
    const disguise = (store: LogStore): LogStore => this.#disguise(store)
    const options = { number, disk, clock: this.clock, disguise, ...coordinator }
    const life = await Life.start(options, (clock) => {
      cell.clock = clock
    })
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
      to: this.lifeOf(0),
      ...(patienceMs !== undefined && { patienceMs }),
      work: ({ coordinator }) => work(coordinator),
    })
  }

  /** A client of version 1 says where it will write to. */
  addPartition(from: TransactionalProducer, place: Place): Promise<void> {
    const at = this.lifeOf(place.cell)
    return this.ask(async (coordinator) => {
      // Where it is is known as long as its cell is up; the client asks again.
      if (at === undefined || at.isDead) throw new NoAnswer()
      await whenDurable(coordinator.addPartitions(from, [at.partOf(place)], 1))
    }, clientPatienceMs)
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
      to: this.lifeOf(1),
      patienceMs: clientPatienceMs,
      work: ({ places }) => {
        const offset = places.offsetOf(groupId)
        return offset === 'unstable' ? Promise.reject(new NoAnswer()) : Promise.resolve(offset)
      },
    })
  }

  /** A client commits an offset with its transaction. */
  commitOffset(staged: Staged): Promise<void> {
    return this.network.call({
      to: this.lifeOf(1),
      patienceMs: clientPatienceMs,
      work: (life) => this.#stage(life, staged),
    })
  }

  /** A client works with AMQP. */
  work<T>(work: (life: Life) => Promise<T>): Promise<T> {
    return this.network.call({ to: this.lifeOf(0), patienceMs: clientPatienceMs, work })
  }

  /** A client writes; of version 1 it has added the partition. */
  async write(written: Written): Promise<void> {
    await this.network.call({
      to: this.lifeOf(written.place.cell),
      patienceMs: clientPatienceMs,
      work: (life) => this.#store(life, written),
    })
  }

  /**
   * In the cell of the partition: it is part of the transaction, and that is durable, before the batch is stored. An
   * end that comes in between has not seen the batch: then the coordinator is asked again.
   */
  async #store(life: Life, written: Written): Promise<void> {
    const { from, place, batch } = written
    for (;;) {
      const ends = life.endsOf(from.producerId)
      await this.#join(life, written)
      if (life.isDead) return new Promise(() => {})
      if (life.endsOf(from.producerId) === ends) break
      if (this.#planted === 'a write that does not see an end') break
    }
    const partition = life.partition(place)
    // As in the broker (KIP-890): with version 2 a producer that is not known here begins with its first batch.
    const isKnown = partition.producers.epochOf(from.producerId) !== undefined
    if (written.version === 2 && written.first > 0 && !isKnown) throw new NoAnswer()
    const produced = partition.produce(batch())
    if (produced === 'large') throw new Error('a small batch')
    await whenDurable(produced.ticket)
  }

  /** The same for the offset of a group. */
  async #stage(life: Life, { from, version, groupId, offset }: Staged): Promise<void> {
    for (;;) {
      const ends = life.endsOf(from.producerId)
      await this.network.call({
        to: this.lifeOf(0),
        from: life,
        work: async ({ coordinator }) => {
          if (version === 1) coordinator.verifyGroup(from, groupId)
          else await whenDurable(coordinator.addGroup(from, groupId, 2))
        },
      })
      if (life.isDead) return new Promise(() => {})
      if (life.endsOf(from.producerId) === ends) break
      if (this.#planted === 'an offset that does not see an end') break
    }
    await life.places.stage(groupId, from.producerId, offset)
  }

  async #join(life: Life, { from, version, place }: Written): Promise<void> {
    const part = life.partOf(place)
    const join = (at: Life): ReturnType<TransactionCoordinator['verify']> => {
      if (version === 1) return at.coordinator.verify(from, part)
      return at.coordinator.addPartitions(from, [part], 2)
    }
    // In the log of one cell what comes first is durable first.
    if (place.cell === 0) return void join(life)
    await this.network.call({
      to: this.lifeOf(0),
      from: life,
      work: async (at) => {
        const ticket = join(at)
        if (this.#planted === 'a write before its part is durable') return
        await whenDurable(ticket)
      },
    })
  }

  /** The markers of each cell in an atom of its own. Fails while one of them is down. */
  async #endInCells(end: TransactionEnd): Promise<void> {
    this.onMoment()
    const from = this.lifeOf(0)
    const isDurable = this.#planted !== 'Complete before markers are durable'
    const ended = [0, 1].map(async (number) => {
      const parts = end.parts.filter(({ topic: name, partition }) => {
        return this.#cellOf(name, partition) === number
      })
      // Work of AMQP is with the coordinator, groups are in the other cell.
      if (parts.length === 0 && number === 1 && end.groups.length === 0) return
      const work = (life: Life): Promise<void> => life.end({ ...end, parts }, isDurable)
      await this.network.call({ to: this.lifeOf(number), ...(from && { from }), work })
      this.onMoment()
    })
    const results = await Promise.allSettled(ended)
    for (const result of results) if (result.status === 'rejected') throw result.reason
    this.onMoment()
  }

  #cellOf(name: string, partition: number): number {
    return this.places.find((place) => place.topic === name && place.partition === partition)!.cell
  }

  #newCell(disk: FaultDisk): Cell {
    return { disk, life: undefined, clock: undefined }
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
