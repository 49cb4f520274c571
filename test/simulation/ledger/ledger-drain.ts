// The last client of transactions: ends what is open, reads everything that is committed, and has the judge of the
// checker say what is wrong.
import type { TransactionEntry } from '../../transactions/book.ts'
import type { ReadRecord } from '../../transactions/committed-reader.ts'
import { placeOf, judgeTail, judgeWritten } from '../../transactions/judge.ts'
import { stableOffsets } from '../../transactions/stable-offsets.ts'
import { TinyProducer } from '../../transactions/tiny-producer.ts'
import { AmqpConnection } from '../amqp/amqp-connection.ts'
import { KafkaConnection } from '../kafka/kafka-connection.ts'
import { Violation } from '../model/history.ts'
import type { World } from '../world.ts'
import { KeyedDrain } from './keyed-drain.ts'
import { readPage } from './ledger-reader.ts'
import { ackTask, declareTasks, takeTask } from './ledger-taker.ts'
import { groupOf, ledgerTopic, type LedgerWorld, placesTopic, tasksQueue } from './ledger-world.ts'
import type { LifeLink } from './life-link.ts'

const who = 'ledger-drain'

export class LedgerDrain {
  readonly #ledger: LedgerWorld
  readonly #world: World

  constructor(ledger: LedgerWorld) {
    this.#ledger = ledger
    this.#world = ledger.world
  }

  async run(): Promise<void> {
    const socket = this.#world.network.connect('kafka')
    if (socket === undefined) throw new Violation('nobody listens for Kafka')
    const { clock } = this.#world
    const connection = new KafkaConnection(socket, { clientId: who, clock })
    const link = await this.#ledger.open({ connection, world: this.#world })
    await this.#endAll(link)
    const faults = await this.#emptyTasks()
    faults.push(...(await this.#judge(link)))
    if (faults.length > 0) throw this.#world.history.fail(faults.join('\n'))
    await new KeyedDrain(this.#ledger).run(link)
    connection.close(true)
  }

  async #endAll(link: LifeLink): Promise<void> {
    const ids = this.#ledger.plan.producers.map(({ transactionalId }) => transactionalId)
    for (const id of new Set(ids)) await new TinyProducer(link, id, 2).init(60_000)
  }

  /** Takes what is left in the work queue, whose counts must be those of what is there. */
  async #emptyTasks(): Promise<string[]> {
    const { hasTasks, taken, world } = this.#ledger
    if (!hasTasks) return []
    const socket = world.network.connect('amqp')
    if (socket === undefined) throw new Violation('nobody listens for AMQP')
    const options = { clock: world.clock, heartbeatSeconds: 60, frameMax: 131_072 }
    const connection = await AmqpConnection.open(socket, options)
    const channel = await connection.channel()
    const before = await declareTasks(channel)
    let count = 0
    for (;;) {
      const task = await takeTask(channel)
      if (task === undefined) break
      count++
      taken.add(task.value)
      ackTask(channel, task)
    }
    const after = await declareTasks(channel)
    await connection.close()
    if (before === count && after === 0) return []
    return [`${tasksQueue} counts ${before} messages, gives ${count}, and counts ${after} then`]
  }

  async #judge(link: LifeLink): Promise<string[]> {
    const { plan, book, tails } = this.#ledger
    const contents = new Map<string, ReadRecord[]>()
    const faults: string[] = []
    for (let partition = 0; partition < plan.partitions; partition++) {
      const records = await this.#readAll(link, partition)
      const place = placeOf(ledgerTopic, partition)
      contents.set(place, records)
      for (const tail of tails) faults.push(...judgeTail(tail[partition]!, records, place))
    }
    // Several take from it: what came back comes later.
    const taken = [...this.#ledger.taken].toSorted(byNumbers)
    const tasks = taken.map((value, offset) => ({ offset, value }))
    contents.set(placeOf(tasksQueue, 0), tasks)
    faults.push(...judgeWritten(book, contents))
    const shown = new Set([...contents.values()].flat().map(({ value }) => value))
    for (const [place] of plan.producers.entries()) {
      faults.push(...(await this.#judgeOffset(link, place, shown)))
    }
    return faults
  }

  async #readAll(link: LifeLink, partition: number): Promise<ReadRecord[]> {
    const records: ReadRecord[] = []
    for (let offset = 0; ;) {
      const asked = { topic: ledgerTopic, partition, offset, sizeMax: 1_000_000 }
      const page = await readPage(link, asked)
      if (typeof page === 'string') throw this.#fail(`${partition} cannot be read: ${page}`)
      records.push(...page.records)
      const { lastStableOffset, highWatermark } = page
      if (lastStableOffset !== highWatermark) {
        throw this.#fail(
          `hanging: ${partition} is stable to ${lastStableOffset} of ${highWatermark}`,
        )
      }
      if (page.next === highWatermark) return records
      if (page.next === offset) throw this.#fail(`nothing at ${offset} of ${highWatermark}`)
      offset = page.next
    }
  }

  /** It counts the transactions that are seen. */
  async #judgeOffset(link: LifeLink, place: number, shown: ReadonlySet<string>): Promise<string[]> {
    const { counted, book } = this.#ledger
    const name = nameOf(place)
    const isShown = ({ records }: TransactionEntry): boolean =>
      records.some(({ value }) => shown.has(value))
    const due = book.entries.filter((entry) => {
      return entry.writer === name && counted.has(entry) && isShown(entry)
    }).length
    const at = { group: groupOf(name), topic: placesTopic, partitions: [place] }
    const [found] = await stableOffsets(link, at)
    if (found?.offset === due) return []
    return [`${name} has committed ${due} transactions, and its offset is ${found?.offset}`]
  }

  #fail(what: string): Error {
    return this.#world.history.fail(what)
  }
}

/** In the order in which a writer has written. */
function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** Of the producer at a place of the plan. */
export function nameOf(place: number): string {
  return `ledger${place}`
}
