// Compares what a restarted broker has in a topic with what it had promised. What is found becomes
// the new truth: it may not go away or move any more.

import type { BrokerView, FoundBatch } from './broker-view.ts'
import type { EndWatcher } from './end-watcher.ts'
import { idOf, parseValue } from './planned-record.ts'
import type { RecordLedger } from './record-ledger.ts'

interface Judged {
  readonly ledger: RecordLedger
  readonly partition: number
  /** Id → where it was found, over all partitions. */
  readonly places: Map<string, string>
  /** Session → the producer that it was, over all partitions. */
  readonly producers: Map<string, string>
}

/** Adds what is wrong to the ledger's violations; returns how many records there are. */
export async function judgeRecords(
  ledger: RecordLedger,
  view: BrokerView,
  watcher: EndWatcher,
): Promise<number> {
  const { topic, partitionCount } = ledger
  const ends = await view.ends(topic, partitionCount)
  const [places, producers] = [new Map<string, string>(), new Map<string, string>()]
  for (let partition = 0; partition < partitionCount; partition++) {
    const end = ends[partition]!
    const judged = { ledger, partition, places, producers }
    const batches = await view.read(topic, partition, end)
    watcher.judge(partition, batches)
    const found = judgeBatches(judged, batches)
    if (found.length !== end) {
      ledger.violate(partition, '', `has ${found.length} records and says that it ends at ${end}`)
    }
    judgePlaces(judged, ledger.placed[partition]!, found, 'was acked')
    judgePlaces(judged, ledger.delivered[partition]!, found, 'was read')
    for (const [offset, id] of found.entries()) ledger.placed[partition]!.set(offset, id)
  }
  return places.size
}

/** The ids of the records by their offsets. */
function judgeBatches(judged: Judged, batches: readonly FoundBatch[]): string[] {
  const { ledger, partition, places } = judged
  const found: string[] = []
  const lastNumbers = new Map<string, number>()
  const nextSequences = new Map<string, number>()
  let epoch = -1
  for (const batch of batches) {
    const where = `the batch at ${batch.baseOffset}`
    const violate = (text: string): void => ledger.violate(partition, '', `${where} ${text}`)
    if (!batch.isWhole) violate('has a wrong CRC')
    if (batch.baseOffset !== found.length) violate(`comes where ${found.length} is due`)
    if (batch.leaderEpoch < epoch) violate(`has epoch ${batch.leaderEpoch} after ${epoch}`)
    epoch = batch.leaderEpoch
    judgeSequence(judged, batch, nextSequences)
    for (const value of batch.values) {
      const offset = found.length
      const record = parseValue(value)
      const id = record === undefined ? '?' : idOf(record)
      found.push(id)
      if (record === undefined || ledger.sent.get(id) !== partition) {
        ledger.violate(partition, id, `at ${offset} was never sent here`)
        continue
      }
      const other = places.get(id)
      if (other !== undefined) {
        ledger.violate(partition, id, `at ${offset} is also at ${other}`)
      }
      places.set(id, `${partition}/${offset}`)
      const last = lastNumbers.get(record.session) ?? 0
      if (record.number < last) {
        ledger.violate(partition, id, `at ${offset} comes after number ${last} of its producer`)
      }
      lastNumbers.set(record.session, record.number)
    }
  }
  return found
}

/** Batches of a producer follow each other without a gap, and a session is one producer. */
function judgeSequence(
  { ledger, partition, producers }: Judged,
  { baseOffset, producerId, producerEpoch, baseSequence, values }: FoundBatch,
  nextSequences: Map<string, number>,
): void {
  const producer = `${producerId}/${producerEpoch}`
  const where = `the batch at ${baseOffset} of producer ${producer}`
  const due = nextSequences.get(producer) ?? 0
  if (producerId < 0) ledger.violate(partition, '', `${where} has no producer`)
  if (baseSequence !== due) {
    ledger.violate(partition, '', `${where} has sequence ${baseSequence} where ${due} is due`)
  }
  nextSequences.set(producer, baseSequence + values.length)
  const session = parseValue(values[0] ?? null)?.session
  if (session === undefined) return
  const known = producers.get(session) ?? producer
  if (known !== producer) ledger.violate(partition, '', `${where} is of ${session}, as is ${known}`)
  producers.set(session, known)
}

function judgePlaces(
  { ledger, partition, places }: Judged,
  expected: ReadonlyMap<number, string>,
  found: readonly string[],
  why: string,
): void {
  for (const [offset, id] of expected) {
    if (found[offset] === id) continue
    const there = found[offset] ?? 'nothing'
    const now = places.get(id) ?? 'nowhere'
    ledger.violate(partition, id, `${why} at ${offset}, where ${there} is; it is ${now}`)
  }
}
