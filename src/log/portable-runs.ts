// Runs as they go to another store: whole, one after the other, with nothing that lies elsewhere. Kafka's batches and
// runs of messages with all their bodies go as they are stored; of others bodies are put into the records.
import {
  batchField,
  batchHeaderSize,
  batchMagic,
  batchSizeAt,
} from '../record/batch/batch-header.ts'
import { CodecError } from '../record/codec-error.ts'
import { fillFromView } from '../record/message/fill-source.ts'
import { bodyFlag, recordField, recordSizeAt } from '../record/message/message-record.ts'
import { RecordSource } from '../record/message/record-source.ts'
import { RecordView } from '../record/message/record-view.ts'
import type { LogStore } from './log-store.ts'
import type { Log } from './log.ts'
import { appendRecord } from './record.ts'
import { Run } from './run.ts'

/** Where a run was read. */
export interface RunPlace {
  readonly store: Pick<LogStore, 'load'>
  readonly log: Log
}

/** What is wanted of a run. */
export interface WantedPart {
  /** Of the first record; others may come along. */
  readonly first: number
  /** With more than one record it has no more bytes than that, unless they are together in the run as well. */
  readonly sizeMax: number
}

/** A part of a run: its records below `end`. */
export interface PortableRun {
  readonly bytes: Buffer
  readonly end: number
  /** They do not go with the run. */
  readonly isOwn: boolean
}

/**
 * A run that was read and is retained, or a part of it; its own bytes where nothing has to be changed, valid as long as
 * it is retained. Messages whose body is lost are left out. A promise where bodies have to be put in.
 */
export function toPortable(
  place: RunPlace,
  run: Run,
  wanted: WantedPart,
): PortableRun | Promise<PortableRun> {
  if (!run.isForeign && !isWhole(run)) return copyWhole(place, run, wanted)
  return { bytes: run.bytes(), end: run.lastOffset + 1, isOwn: false }
}

/** As many of `runs`, and of the last of them as much, as fit: one after the other, as bytes of their own. */
export async function joinPortable(
  place: RunPlace,
  runs: readonly Run[],
  { first, sizeMax }: WantedPart,
): Promise<Omit<PortableRun, 'isOwn'>> {
  const parts: Buffer[] = []
  let end = first
  let left = sizeMax
  for (const run of runs) {
    if (parts.length > 0 && left <= 0) break
    const part = await toPortable(place, run, { first, sizeMax: left })
    parts.push(part.bytes)
    left -= part.bytes.length
    end = part.end
    // A large one, as a rule.
    if (runs.length === 1 && part.isOwn) return part
    if (end <= run.lastOffset) break
  }
  return { bytes: Buffer.concat(parts), end }
}

/** The runs that `bytes` are, as views of them. Throws `CodecError` for what are none. */
export function fromPortable(bytes: Buffer): Run[] {
  const runs: Run[] = []
  for (let at = 0; at < bytes.length;) {
    const size = bytes.length - at < batchHeaderSize ? Infinity : batchSizeAt(bytes, at)
    if (size < batchHeaderSize || at + size > bytes.length) {
      throw new CodecError('syntax_error', 'a run is cut off', at)
    }
    const part = bytes.subarray(at, at + size)
    const magic = part.readInt8(batchField.magic)
    if (magic !== batchMagic.kafka && magic !== batchMagic.messages) {
      throw new CodecError('syntax_error', `a run has the unknown magic ${magic}`, at)
    }
    runs.push(Run.fromBytes(part))
    at += size
  }
  return runs
}

/** Nothing of it lies elsewhere. */
function isWhole(run: Run): boolean {
  const { buffer, size } = run
  for (let at = batchHeaderSize; at < size; at += recordSizeAt(buffer, at)) {
    const flags = buffer[at + recordField.flags]
    if (flags === bodyFlag.shared || flags === bodyFlag.aside) return false
  }
  return true
}

async function copyWhole(
  place: RunPlace,
  run: Run,
  { first, sizeMax }: WantedPart,
): Promise<PortableRun> {
  const { log } = place
  const view = new RecordView()
  const source = new RecordSource()
  const copy = new Run(Math.max(run.baseOffset, first), run.baseTimestamp, batchHeaderSize)
  copy.deleteHorizon = run.deleteHorizon
  let end = run.lastOffset + 1
  for (let at = batchHeaderSize; at < run.size; at += recordSizeAt(run.buffer, at)) {
    const hasBody = log.readFrom(run, at, view) >= 0
    if (view.offset < first) continue
    const size = view.headerEnd - view.addressStart + view.bodyEnd - view.bodyStart
    if (copy.recordCount > 0 && copy.size + size > sizeMax) {
      end = view.offset
      break
    }
    if (!hasBody && !(await loadBody(place, run, { at, view }))) continue
    fillFromView(source, view)
    // The body is in the copy, wherever it was.
    source.asideId = 0
    appendRecord(copy, view.offset, view.timestamp, source)
  }
  copy.lastOffset = end - 1
  copy.maxTimestamp = run.maxTimestamp
  copy.seal(run.leaderEpoch, -1)
  // Its memory is left to the collector: a copy of a large body would be another one.
  return { bytes: copy.bytes(), end, isOwn: true }
}

interface Found {
  readonly at: number
  readonly view: RecordView
}

/** Brings the body of the record in the view; false when it is lost. */
async function loadBody({ store, log }: RunPlace, run: Run, { at, view }: Found): Promise<boolean> {
  const { offset, asideId } = view
  await new Promise<void>((resolve) => {
    store.load(log, { at: 'body', offset, asideId }, () => resolve())
  })
  return log.readFrom(run, at, view) >= 0
}
