// Writes transactions as a client of Kafka does that is killed, cut off and fenced: it commits, aborts and leaves
// them, counts them in a group's offset, and asks again for an end that was not answered.
import type { TransactionEntry } from '../../transactions/book.ts'
import { stableOffsets } from '../../transactions/stable-offsets.ts'
import { RefusedError, TinyProducer } from '../../transactions/tiny-producer.ts'
import { Ended } from '../ended.ts'
import { errorOf } from '../kafka/error-of.ts'
import type { KafkaLife } from '../kafka/kafka-protocol.ts'
import type { LedgerProducer as ProducerPlan } from './ledger-plan.ts'
import { groupOf, ledgerTopic, type LedgerWorld, placesTopic, tasksQueue } from './ledger-world.ts'
import type { LifeLink } from './life-link.ts'

/** What a producer may be told that others have fenced, or whose transaction lasted too long. */
const usual: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_ID_MAPPING',
  'PRODUCER_FENCED',
  'TRANSACTION_ABORTABLE',
])

/** An end that was asked for and not answered. */
interface Asked {
  readonly entry: TransactionEntry
  readonly isCommit: boolean
}

export class LedgerProducer {
  readonly #name: string
  readonly #plan: ProducerPlan
  readonly #place: number
  readonly #ledger: LedgerWorld
  #producer: TinyProducer<LifeLink> | undefined
  #asked: Asked | undefined

  constructor(ledger: LedgerWorld, name: string, place: number) {
    this.#ledger = ledger
    this.#name = name
    this.#place = place
    this.#plan = ledger.plan.producers[place]!
  }

  /** One connection's work. */
  readonly work = async (life: KafkaLife): Promise<void> => {
    const { draw, world } = life
    const link = await this.#ledger.open(life)
    const { transactionalId, version } = this.#plan
    if (this.#producer === undefined) {
      this.#producer = new TinyProducer(link, transactionalId, version)
    }
    this.#producer.link = link
    await this.#askAgain(life)
    for (let left = draw.between(1, 12); left > 0 && !world.isWindingDown; left--) {
      await this.#transaction(life, this.#producer)
      await life.step()
    }
  }

  /** An end that was not answered, if it is one that may be asked for again; else it begins anew. */
  async #askAgain({ draw, name }: KafkaLife): Promise<void> {
    const asked = this.#asked
    this.#asked = undefined
    const producer = this.#producer!
    if (asked === undefined || draw.chance(0.3)) return this.#begin(producer)
    try {
      this.#note(name, `asks again for the end of ${asked.entry.number}`)
      await producer.end(asked.isCommit)
      if (asked.isCommit) asked.entry.fate = 'committed'
    } catch (error) {
      if (error instanceof Ended) this.#asked = asked
      this.#check(error)
      await this.#begin(producer)
    }
  }

  async #begin(producer: TinyProducer<LifeLink>): Promise<void> {
    await producer.init(this.#place % 2 === 0 ? 60_000 : 2000)
  }

  async #transaction(life: KafkaLife, producer: TinyProducer<LifeLink>): Promise<void> {
    const { draw } = life
    const entry = this.#ledger.book.begin(this.#name)
    this.#note(life.name, `begins ${entry.number}`)
    try {
      for (let left = draw.between(1, 5); left > 0; left--) {
        await this.#write(life, producer, entry)
        if (draw.chance(0.3)) await life.step()
      }
      if (draw.chance(0.5)) await this.#count(producer, entry)
      await this.#finish(life, producer, entry)
    } catch (error) {
      // Nobody has asked for a commit: it cannot come.
      if (entry.fate === 'open') entry.fate = 'aborted'
      this.#check(error)
      this.#note(life.name, `is refused: ${String(error)}`)
      await this.#begin(producer)
    }
  }

  async #write(
    { draw }: KafkaLife,
    producer: TinyProducer<LifeLink>,
    entry: TransactionEntry,
  ): Promise<void> {
    const { plan, hasTasks } = this.#ledger
    const index = draw.between(0, hasTasks ? plan.partitions : plan.partitions - 1)
    const record =
      index < plan.partitions ? entry.note(ledgerTopic, index) : entry.note(tasksQueue, 0)
    await producer.send(record.topic, record.partition, record.value)
    record.isStored = true
  }

  /** One more in the offset of its group, if it is committed. */
  async #count(producer: TinyProducer<LifeLink>, entry: TransactionEntry): Promise<void> {
    const group = groupOf(this.#name)
    const at = { group, topic: placesTopic, partitions: [this.#place] }
    const [place] = await stableOffsets(producer.link, at)
    this.#ledger.counted.add(entry)
    await producer.sendOffsets(group, [{ ...place!, offset: place!.offset + 1 }])
  }

  async #finish(
    { draw, name }: KafkaLife,
    producer: TinyProducer<LifeLink>,
    entry: TransactionEntry,
  ): Promise<void> {
    const how = draw.weighted({ commit: 6, abort: 2, leave: 1 })
    this.#note(name, `ends ${entry.number}: ${how}`)
    if (how === 'leave') {
      entry.fate = 'aborted'
      return this.#begin(producer)
    }
    const isCommit = how === 'commit'
    entry.fate = isCommit ? 'unknown' : 'aborted'
    try {
      await producer.end(isCommit)
      if (isCommit) entry.fate = 'committed'
    } catch (error) {
      // In version 1 an end that comes late could end the next transaction: its clients begin anew.
      if (error instanceof Ended && producer.version === 2) this.#asked = { entry, isCommit }
      if (error instanceof RefusedError) entry.fate = 'aborted'
      throw error
    }
  }

  /** Throws what is no answer that a producer must be ready for. */
  #check(error: unknown): void {
    if (!(error instanceof RefusedError)) throw error
    const name = errorOf(error.code)
    if (usual.has(name)) return
    throw this.#ledger.world.history.fail(`${this.#name} is answered ${name}: ${error.message}`)
  }

  #note(who: string, what: string): void {
    this.#ledger.world.history.onNote(who, what)
  }
}
