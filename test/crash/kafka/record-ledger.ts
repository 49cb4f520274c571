// What the broker has promised to Kafka clients about one topic, recorded while they talk to it.
//
// A *session* is one idempotent producer: one producer id and epoch. Its records are numbered. A
// record that was acked has a *place*: the offset that was answered.

import type { Random } from '../../../src/lib/random.ts'
import type { History, Time } from '../history.ts'
import type { Violation } from '../ledger.ts'
import { idOf, type PlannedRecord } from './planned-record.ts'

export interface Session {
  readonly name: string
  /** Records sent so far. */
  sent: number
  /** Sends that were answered. */
  acks: number
  /** Sends on their way. */
  inFlight: number
}

/** What one produce request holds. */
export interface Send {
  readonly session: Session
  readonly sentAt: Time
  /** Partition → its records in order. */
  readonly batches: ReadonlyMap<number, readonly PlannedRecord[]>
}

/** Partition → the offset of the first record of its batch, as it was answered. */
export type BaseOffsets = ReadonlyMap<number, number>

const recordsPerBatchMax = 8

export class RecordLedger {
  readonly topic: string
  readonly partitionCount: number
  readonly history: History
  readonly violations: Violation[]
  /** Id → partition, of everything that was ever sent. */
  readonly sent: Map<string, number> = new Map()
  /** Per partition: offset → id, of what was acked, or found after a crash. */
  readonly placed: readonly Map<number, string>[]
  /** Per partition: offset → id, of what the group's members got. */
  readonly delivered: readonly Map<number, string>[]
  /** Per partition: what a commit was answered for. */
  readonly committed: number[]
  /** Per partition: the highest end that anyone was shown. */
  readonly ends: number[]
  readonly counts = { sent: 0, acked: 0, delivered: 0, commits: 0 }
  /** Told of each send that is answered. */
  onAcked: ((send: Send) => void) | undefined

  constructor(
    topic: { readonly name: string; readonly partitionCount: number },
    history: History,
    violations: Violation[],
  ) {
    this.topic = topic.name
    this.partitionCount = topic.partitionCount
    this.history = history
    this.violations = violations
    const each = Array.from({ length: topic.partitionCount })
    this.placed = each.map(() => new Map())
    this.delivered = each.map(() => new Map())
    this.committed = each.map(() => 0)
    this.ends = each.map(() => 0)
  }

  openSession(name: string): Session {
    return { name, sent: 0, acks: 0, inFlight: 0 }
  }

  /** A session is about to send some records to some partitions. */
  plan(session: Session, random: Random): Send {
    const batches = new Map<number, PlannedRecord[]>()
    const first = random.below(this.partitionCount)
    const count = 1 + random.below(this.partitionCount)
    for (let index = 0; index < count; index++) {
      const partition = (first + index) % this.partitionCount
      const records = Array.from({ length: 1 + random.below(recordsPerBatchMax) }, () => ({
        session: session.name,
        number: ++session.sent,
      }))
      batches.set(partition, records)
      for (const record of records) this.sent.set(idOf(record), partition)
      this.counts.sent += records.length
    }
    const what = [...batches].map(([partition, records]) => `${partition}:${records.length}`)
    const sentAt = this.history.note(session.name, `sends ${what.join(' ')}`, this.topic)
    session.inFlight++
    return { session, sentAt, batches }
  }

  acked(send: Send, baseOffsets: BaseOffsets): void {
    const { session, batches } = send
    session.inFlight--
    session.acks++
    for (const [partition, records] of batches) {
      const base = baseOffsets.get(partition)
      if (base === undefined) {
        this.violate(partition, '', `${session.name} got no answer for the partition`)
        continue
      }
      for (const [index, record] of records.entries()) {
        this.place(partition, base + index, idOf(record))
      }
      this.showEnd(partition, base + records.length)
      this.counts.acked += records.length
    }
    this.history.note(session.name, `got the answer to its send at ${send.sentAt}`, this.topic)
    this.onAcked?.(send)
  }

  /** A send that ends without an answer: producers have to live through a crash. */
  refused({ session, sentAt }: Send, error: unknown): void {
    session.inFlight--
    this.violate(0, '', `${session.name} failed with its send at ${sentAt}: ${String(error)}`)
  }

  /** From now on the record has to be there. */
  place(partition: number, offset: number, id: string): void {
    const placed = this.placed[partition]!
    const other = placed.get(offset)
    if (other !== undefined && other !== id) {
      this.violate(partition, id, `is said to be at ${offset}, where ${other} is`)
    }
    placed.set(offset, id)
    this.history.note('ledger', `${partition}/${offset}`, this.label(partition), id)
  }

  deliver(member: string, partition: number, { offset, id }: { offset: number; id: string }): void {
    const before = this.delivered[partition]!.get(offset)
    this.history.note(member, `gets ${offset}`, this.label(partition), id)
    if (before !== undefined && before !== id) {
      this.violate(partition, id, `was read at ${offset}, where ${before} was read before`)
    }
    this.delivered[partition]!.set(offset, id)
    this.counts.delivered++
  }

  /** A commit of `offset` was answered. */
  commit(member: string, partition: number, offset: number): void {
    this.history.note(member, `committed ${offset}`, this.label(partition))
    this.committed[partition] = Math.max(this.committed[partition]!, offset)
    this.counts.commits++
  }

  showEnd(partition: number, end: number): void {
    this.ends[partition] = Math.max(this.ends[partition]!, end)
  }

  violate(partition: number, id: string, text: string): void {
    this.history.note('judge', `VIOLATION ${text}`, this.label(partition), id)
    this.violations.push({ queue: this.label(partition), id, text })
  }

  label(partition: number): string {
    return `${this.topic}/${partition}`
  }
}
