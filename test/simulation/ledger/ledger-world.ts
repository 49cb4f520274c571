// What those who write and read transactions share: what is written down of each, and where.
import { Book, type TransactionEntry } from '../../transactions/book.ts'
import type { ReadRecord } from '../../transactions/committed-reader.ts'
import type { KafkaLife } from '../kafka/kafka-protocol.ts'
import type { World } from '../world.ts'
import { KeyedWorld } from './keyed-world.ts'
import type { LedgerPlan } from './ledger-plan.ts'
import { LifeLink } from './life-link.ts'

/** Codes of CreateTopics: it was made, or is there. */
const made: ReadonlySet<number> = new Set([0, 36])

export const ledgerTopic = 'ledger'
/** A work queue, which AMQP consumes. */
export const tasksQueue = 'ledger-tasks'
/** Its partitions are places of groups; nobody writes to them. */
export const placesTopic = 'ledger-places'
export const placesMax = 8

export class LedgerWorld {
  readonly world: World
  readonly plan: LedgerPlan
  readonly keyed: KeyedWorld
  readonly book: Book = new Book()
  /** Transactions that count themselves in the offset of a group. */
  readonly counted: Set<TransactionEntry> = new Set()
  /** Somebody has declared the work queue. */
  hasTasks = false
  /** What was got from it. */
  readonly taken: Set<string> = new Set()
  /** What readers saw of each partition, in the order of its offsets. */
  readonly tails: ReadRecord[][][] = []

  constructor(world: World, plan: LedgerPlan) {
    this.world = world
    this.plan = plan
    this.keyed = new KeyedWorld(world, plan.keyed)
  }

  /** Creates the topics, if they are not there. Rejects with `Ended`. */
  async open(life: Pick<KafkaLife, 'connection' | 'world'>): Promise<LifeLink> {
    const link = new LifeLink(life)
    const counts = { [ledgerTopic]: this.plan.partitions, [placesTopic]: placesMax }
    for (const [name, numPartitions] of Object.entries(counts)) {
      const asked = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
      await this.create(link, asked)
    }
    return link
  }

  async create(
    link: LifeLink,
    topic: {
      readonly name: string
      readonly numPartitions: number
      readonly replicationFactor: number
      readonly assignments: readonly never[]
      readonly configs: readonly { readonly name: string; readonly value: string }[]
    },
  ): Promise<void> {
    const request = { topics: [topic], timeoutMs: 30_000, validateOnly: false }
    const answer = await link.call('createTopics', request, 7)
    const code = answer.topics[0]?.errorCode ?? -1
    if (made.has(code)) return
    throw this.world.history.fail(`${topic.name} was not created: ${code}`)
  }
}

/** The group whose offset counts the transactions of a producer. */
export function groupOf(name: string): string {
  return `group-of-${name}`
}
