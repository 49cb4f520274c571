// Asks what everybody may ask: ends of partitions and offsets of the group. They only rise, and an end is above all
// that was acked before it was asked for.
import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type { Sent } from '../history.ts'
import type { ClientParts } from './client-parts.ts'
import { endOf, eventsTopic, kafkaOf, readersGroup } from './kafka-link.ts'
import type { Committed } from './kafka-reader.ts'

const pauseMs = 300

export async function probe(parts: ClientParts, committed: Committed): Promise<void> {
  const prober = new Prober(parts, committed)
  await parts.persist(
    () => parts.isRunning,
    async () => {
      const admin = kafkaOf(parts).admin()
      try {
        await admin.connect()
        while (parts.isRunning) {
          await prober.lookAtEnds(admin)
          await prober.lookAtGroup(admin)
          await delay(pauseMs)
        }
      } finally {
        await endOf(admin)
      }
    },
  )
}

class Prober {
  readonly #parts: ClientParts
  readonly #committed: Committed
  readonly #acked: AckedEnds
  readonly #ends = new Map<number, number>()
  readonly #offsets = new Map<number, number>()

  constructor(parts: ClientParts, committed: Committed) {
    this.#parts = parts
    this.#committed = committed
    this.#acked = new AckedEnds(parts.history.sent)
  }

  async lookAtEnds(admin: Admin): Promise<void> {
    const [parts, known] = [this.#parts, this.#acked.byNow()]
    for (const { partition, high } of await admin.fetchTopicOffsets(eventsTopic)) {
      const [place, value] = [`${eventsTopic}/${partition}`, Number(high)]
      notBack(parts, `the end of ${place}`, { seen: this.#ends, partition, value })
      const least = known.get(place) ?? 0
      if (value < least) parts.wrong(`${place} ends at ${value} after ${least - 1} was acked`)
    }
  }

  async lookAtGroup(admin: Admin): Promise<void> {
    const [parts, before] = [this.#parts, new Map(this.#committed)]
    const [group] = await admin.fetchOffsets({ groupId: readersGroup, topics: [eventsTopic] })
    for (const { partition, offset } of group?.partitions ?? []) {
      const [name, value] = [`the group's offset of ${eventsTopic}/${partition}`, Number(offset)]
      notBack(parts, name, { seen: this.#offsets, partition, value })
      const least = before.get(partition) ?? -1
      if (value < least) parts.wrong(`${name} is ${value} after ${least} was committed`)
    }
  }
}

interface Seen {
  readonly seen: Map<number, number>
  readonly partition: number
  readonly value: number
}

function notBack(parts: ClientParts, what: string, { seen, partition, value }: Seen): void {
  const before = seen.get(partition) ?? -1
  if (value < before) parts.wrong(`${what} went back from ${before} to ${value}`)
  seen.set(partition, Math.max(before, value))
}

/** The least that partitions must end at, from what was acked; each record is looked at until it is. */
class AckedEnds {
  readonly #sent: readonly Sent[]
  readonly #ends = new Map<string, number>()
  #from = 0

  constructor(sent: readonly Sent[]) {
    this.#sent = sent
  }

  byNow(): ReadonlyMap<string, number> {
    // Acks come soon or never; those that come late are seen by the judge.
    const from = this.#from
    for (const { to, outcome, offset } of this.#sent.slice(from)) {
      if (outcome !== 'confirmed' || offset === undefined) continue
      this.#ends.set(to, Math.max(this.#ends.get(to) ?? 0, offset + 1))
    }
    this.#from = Math.max(0, this.#sent.length - lookBack)
    return new Map(this.#ends)
  }
}

const lookBack = 1000
