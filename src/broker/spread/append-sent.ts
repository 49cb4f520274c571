// Messages that came in at the home of a topic come into partitions that this cell leads. They are numbered in a
// sequence for each partition, and a partition keeps how far it has come, in the atom that appends them: whatever is
// sent again after a crash of either side, or late, is there once.
import { logLimits } from '../../limits/log.ts'
import type { LogStore } from '../../log/log-store.ts'
import { fromPortable } from '../../log/portable-runs.ts'
import { readRecord } from '../../log/record.ts'
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { asksForDelivery } from '../../record/message/deliver-at.ts'
import { fillFromView } from '../../record/message/fill-source.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { whenDurable } from '../when-durable.ts'
import type { LedPlace } from './led-place.ts'
import type { AppendArgs, AppendResult, PartitionId, SentPart } from './record-calls.ts'

export interface AppendContext {
  readonly store: LogStore
  readonly find: (id: PartitionId) => LedPlace | undefined
}

/** A message of a part, and its number in the sequence. */
interface SentMessage {
  readonly number: number
  readonly source: RecordSource
}

interface PreparedPart {
  readonly part: SentPart
  readonly messages: readonly SentMessage[]
}

/** Resolves when all that the cell leads of it is durable. Throws `CodecError` for bytes that are no messages. */
export async function appendSent(
  context: AppendContext,
  { parts }: AppendArgs,
  body: Buffer,
): Promise<AppendResult> {
  const { store } = context
  const prepared: PreparedPart[] = []
  let at = 0
  for (const part of parts) {
    const messages = messagesIn(body.subarray(at, at + part.size))
    at += part.size
    for (const message of messages) await writeLargeBody(context, part, message)
    prepared.push({ part, messages })
  }
  store.beginAtom()
  const places = prepared.map((each) => appendPart(context, each))
  const ticket = store.endAtom()
  for (const { messages } of prepared) {
    // A body that no record needs goes.
    for (const { source } of messages) if (source.asideId !== 0) store.dropAside(source.asideId)
  }
  const ends = places.map((place) => {
    const sent = place?.partition.sent
    // What was sent before may not be durable yet.
    if (sent !== undefined && ticket !== undefined) sent.ticket = ticket
    return sent?.next ?? null
  })
  for (const place of places) await whenSentDurable(place)
  return { ends }
}

function messagesIn(bytes: Buffer): SentMessage[] {
  const view = new RecordView()
  return fromPortable(bytes).flatMap((run) => {
    const messages: SentMessage[] = []
    for (let position: number = batchHeaderSize; position < run.size;) {
      position = readRecord(run, position, view, undefined)
      const source = new RecordSource()
      fillFromView(source, view)
      // What the other cell had in a file has come along.
      source.asideId = 0
      messages.push({ number: view.offset, source })
    }
    return messages
  })
}

async function whenSentDurable(place: LedPlace | undefined): Promise<void> {
  const sent = place?.partition.sent
  const ticket = sent?.ticket
  await whenDurable(ticket)
  if (sent?.ticket === ticket && sent !== undefined) sent.ticket = undefined
}

/** Within a record it would hold up everybody's commits. */
async function writeLargeBody(
  { store, find }: AppendContext,
  part: SentPart,
  { number, source }: SentMessage,
): Promise<void> {
  const size = source.bodyEnd - source.bodyStart
  const place = find(part)
  const isKnown = place === undefined || number < place.partition.sentEnd(part.sequence)
  if (size <= logLimits.inlineBodySizeMax || isKnown) return
  source.body = source.body.subarray(source.bodyStart, source.bodyEnd)
  source.bodyStart = 0
  source.bodyEnd = size
  source.asideId = await new Promise((resolve) => store.writeAside(source.body, resolve))
}

/** Appends what the partition has not. Within an atom. */
function appendPart(
  { find }: AppendContext,
  { part, messages }: PreparedPart,
): LedPlace | undefined {
  const place = find(part)
  if (place === undefined) return undefined
  const { partition, topic } = place
  const known = partition.sentEnd(part.sequence)
  let end = known
  for (const { number, source } of messages) {
    if (number < known) continue
    const offset = partition.log.append(source, -1)
    if (asksForDelivery(source)) partition.noteDeliveries(offset)
    topic.counters.published++
    end = number + 1
  }
  partition.noteSent(part.sequence, end)
  return place
}
