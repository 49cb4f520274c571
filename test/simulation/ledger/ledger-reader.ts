// Reads what is committed, partition by partition, and goes on over all connections where it was: whatever it was
// shown stays, and the last stable offset never falls.
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { fetchRequest } from '../../support/fetch-request.ts'
import { committedIn, type ReadRecord } from '../../transactions/committed-reader.ts'
import { errorOf } from '../kafka/error-of.ts'
import type { KafkaLife } from '../kafka/kafka-protocol.ts'
import { ledgerTopic, type LedgerWorld } from './ledger-world.ts'
import type { LifeLink } from './life-link.ts'

/** How far it has read in a partition. */
interface Place {
  readonly partition: number
  readonly records: ReadRecord[]
  next: number
  stableEnd: number
}

export interface CommittedPage {
  readonly records: readonly ReadRecord[]
  readonly next: number
  readonly lastStableOffset: number
  readonly highWatermark: number
}

export interface CommittedAsked {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly sizeMax: number
}

export class LedgerReader {
  readonly #ledger: LedgerWorld
  readonly #places: readonly Place[]

  constructor(ledger: LedgerWorld) {
    this.#ledger = ledger
    this.#places = Array.from({ length: ledger.plan.partitions }, (_, partition) => {
      return { partition, records: [], next: 0, stableEnd: 0 }
    })
    ledger.tails.push(this.#places.map(({ records }) => records))
  }

  /** One connection's work. */
  readonly work = async (life: KafkaLife): Promise<void> => {
    const { draw, world } = life
    const link = await this.#ledger.open(life)
    for (let left = draw.between(5, 60); left > 0 && !world.isWindingDown; left--) {
      await this.#read(life, link, draw.oneOf(this.#places))
      await life.step()
    }
  }

  async #read({ name, draw, world }: KafkaLife, link: LifeLink, place: Place): Promise<void> {
    const { partition, next: offset } = place
    const asked = { topic: ledgerTopic, partition, offset, sizeMax: draw.oneOf([1, 300, 100_000]) }
    const page = await readPage(link, asked)
    if (typeof page === 'string') {
      throw world.history.fail(`${name} cannot read ${partition} from ${offset}: ${page}`)
    }
    const { lastStableOffset, highWatermark, records, next } = page
    const what = `${records.map(({ value }) => value).join(', ')} to ${next}`
    world.history.onNote(
      name,
      `is shown ${partition} from ${offset}: ${what} of ${lastStableOffset}`,
    )
    if (
      lastStableOffset < place.stableEnd ||
      lastStableOffset > highWatermark ||
      next > highWatermark
    ) {
      throw world.history.fail(
        `${name} is told that ${partition} is stable to ${lastStableOffset} of ${highWatermark}, was to ${place.stableEnd}, and shows up to ${next}`,
      )
    }
    place.records.push(...records)
    place.next = next
    place.stableEnd = lastStableOffset
  }
}

/** Or the name of the error. */
export async function readPage(
  link: LifeLink,
  { topic, partition, offset, sizeMax }: CommittedAsked,
): Promise<CommittedPage | string> {
  const asked = {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: offset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: sizeMax,
    replicaDirectoryId: zeroUuid,
    highWatermark: Number.MAX_SAFE_INTEGER,
  }
  const request = fetchRequest([{ topic, topicId: '', partitions: [asked] }], {
    maxWaitMs: 50,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 1,
  })
  const answer = await link.call('fetch', request, 12)
  const data = answer.responses[0]?.partitions[0]
  if (data === undefined) return 'nothing'
  if (data.errorCode !== 0) return errorOf(data.errorCode)
  const { highWatermark, lastStableOffset = -1 } = data
  return { ...committedIn(data, offset), highWatermark, lastStableOffset }
}
