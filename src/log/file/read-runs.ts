// Reads runs of one file, checks them, and brings the shared bodies along that their records need.
import type { Clock } from '../../lib/clock.ts'
import { readInt64 } from '../../lib/int64.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { logLimits } from '../../limits/log.ts'
import {
  crcOfBatchInSteps,
  batchField,
  batchHeaderSize,
  batchSizeAt,
} from '../../record/batch/batch-header.ts'
import {
  recordBodySize,
  recordSharedStart,
  recordSizeAt,
} from '../../record/message/message-record.ts'
import { Run } from '../run.ts'
import { SharedBodies, sharedCrcSize } from '../shared-bodies.ts'
import { diskErrorKind } from './disk-error.ts'
import type { DiskFile } from './disk.ts'
import { readInto } from './file-operations.ts'
import type { RunIndex } from './run-index.ts'
import type { Segment } from './segment.ts'

/**
 * Who retains the memory of runs: nobody, because it is no page; the reader, for all of them at once;
 * or each run for itself.
 */
export type RunMemory = 'collected' | 'by reader' | 'by run'

export interface ReadRunsOptions {
  readonly index: RunIndex
  readonly memory: RunMemory
  readonly clock: Clock
  /** Monotonic ms: given by who need not check batches again that were found intact lately. */
  readonly now?: number
}

export interface ReadRuns {
  /** In the order asked for; undefined where the bytes are not what was written. */
  readonly runs: (Run | undefined)[]
  /** Places in the index whose bytes are damaged. */
  readonly damaged: number[]
  /** Memory 'by reader', which the caller releases with the runs. */
  readonly pages: Buffer[]
}

/** Reads the runs at `places` (ascending) of `index`. Damage also marks the segment. */
export async function readRuns(
  segment: Segment,
  places: readonly number[],
  { index, memory, clock, now }: ReadRunsOptions,
): Promise<ReadRuns> {
  const runs: (Run | undefined)[] = []
  const pages: Buffer[] = []
  for (const span of spansOf(places, index)) {
    const start = index.position(span[0]!)
    const last = span.at(-1)!
    const end = index.position(last) + index.size(last)
    const room = roomFor(end - start, memory)
    const bytes = await readSpan(segment.file, room, { span, index })
    for (const [order, at] of span.entries()) {
      const checked = checkRun(bytes[order] as Buffer, { index, at, clock, now })
      const run = checked instanceof Promise ? await checked : checked
      // Who makes messages of a batch may need it for longer than the reader does.
      const isOwner = memory === 'by run' || (memory === 'by reader' && run?.isForeign === true)
      if (isOwner) run?.retainMemory()
      runs.push(run)
    }
    if (memory === 'by reader') pages.push(room)
    else pagePool.release(room)
  }
  await loadSharedBodies(segment, runs)
  const damaged = places.filter((_, order) => runs[order] === undefined)
  if (damaged.length > 0) segment.isDamaged = true
  return { runs, damaged, pages }
}

function roomFor(size: number, memory: RunMemory): Buffer {
  return memory === 'collected' ? Buffer.allocUnsafe(size) : pagePool.take(size)
}

interface Span {
  readonly span: readonly number[]
  readonly index: RunIndex
}

const none: Buffer = Buffer.alloc(0)

/** The bytes of each run of a span, in one go; fewer or none of those that cannot be read. */
async function readSpan(file: DiskFile, room: Buffer, { span, index }: Span): Promise<Buffer[]> {
  const start = index.position(span[0] as number)
  const place = (at: number): Buffer => {
    const from = index.position(at) - start
    return room.subarray(from, from + index.size(at))
  }
  const bytes = await readWhatGoes(file, room, start)
  if (bytes !== undefined) {
    // Where the file ends too early, what is left is too short to be a run.
    const isThere = (at: number): boolean =>
      index.position(at) - start + index.size(at) <= bytes.length
    return span.map((at) => (isThere(at) ? place(at) : none))
  }
  const runs: Buffer[] = []
  for (const at of span) {
    const run =
      span.length > 1 ? await readWhatGoes(file, place(at), index.position(at)) : undefined
    runs.push(run ?? none)
  }
  return runs
}

/** The part of `room` that could be filled; undefined when the disk cannot read there. */
async function readWhatGoes(
  file: DiskFile,
  room: Buffer,
  position: number,
): Promise<Buffer | undefined> {
  try {
    return room.subarray(0, await readInto(file, room, position))
  } catch (error) {
    if (diskErrorKind(error) === undefined) throw error
    return undefined
  }
}

/** Runs that lie close together are read in one go, with whatever is between them. */
function spansOf(places: readonly number[], index: RunIndex): number[][] {
  let wantedSize = logLimits.coldReadSizeMax
  for (const at of places) wantedSize += index.size(at)
  const spans: number[][] = []
  let end = -Infinity
  let start = 0
  for (const at of places) {
    const position = index.position(at)
    const isClose = position >= end && position - end <= logLimits.coldReadGapMax
    const isSmall = position + index.size(at) - start <= wantedSize * 2
    if (isClose && isSmall) spans.at(-1)!.push(at)
    else {
      spans.push([at])
      start = position
    }
    end = position + index.size(at)
  }
  return spans
}

interface Expected {
  readonly index: RunIndex
  readonly at: number
  readonly clock: Clock
  readonly now: number | undefined
}

function checkRun(
  bytes: Buffer,
  { index, at, clock, now }: Expected,
): Run | undefined | Promise<Run | undefined> {
  const isWhole =
    bytes.length === index.size(at) &&
    bytes.length >= batchHeaderSize &&
    batchSizeAt(bytes, 0) === bytes.length
  if (!isWhole || readInt64(bytes, batchField.baseOffset) !== index.baseOffset(at)) return undefined
  // Who is given a batch checks it too; messages go out without a checksum.
  const checkedAt = now !== undefined && index.isBatch(at) ? now : undefined
  if (checkedAt !== undefined && index.intact.has(at, checkedAt)) return Run.fromBytes(bytes)
  const toRun = (crc: number): Run | undefined => {
    if (crc !== bytes.readUInt32BE(batchField.crc)) return undefined
    if (checkedAt !== undefined) index.intact.add(at, checkedAt)
    return Run.fromBytes(bytes)
  }
  const crc = crcOfBatchInSteps(bytes, clock)
  return typeof crc === 'number' ? toRun(crc) : crc.then(toRun)
}

/** Reads the part of the shared bodies that records refer to; drops runs whose bodies are damaged. */
async function loadSharedBodies(segment: Segment, runs: (Run | undefined)[]): Promise<void> {
  const sections = new Map<number, number[]>()
  for (const [order, run] of runs.entries()) {
    const position = run?.sharedPosition ?? -1
    if (position < 0) continue
    const sharing = sections.get(position)
    if (sharing === undefined) sections.set(position, [order])
    else sharing.push(order)
  }
  for (const [position, orders] of sections) {
    const [low, high] = sharedRange(orders.map((order) => runs[order] as Run))
    if (high <= low) continue
    const room = Buffer.allocUnsafe(high - low)
    const bytes = await readWhatGoes(segment.file, room, position + low)
    const shared = SharedBodies.fromBytes(bytes ?? none, low)
    for (const order of orders) {
      const run = runs[order] as Run
      run.shared = shared
      if (!areBodiesIntact(run, shared)) runs[order] = undefined
    }
  }
}

function sharedRange(runs: readonly Run[]): [number, number] {
  let low = Infinity
  let high = 0
  for (const { buffer, size } of runs) {
    for (let at = batchHeaderSize; at < size; at += recordSizeAt(buffer, at)) {
      const start = recordSharedStart(buffer, at)
      if (start < 0) continue
      low = Math.min(low, start - sharedCrcSize)
      high = Math.max(high, start + recordBodySize(buffer, at))
    }
  }
  return [low, high]
}

/** Whether all bodies in `shared` that records of the run refer to are what was written. */
export function areBodiesIntact({ buffer, size }: Run, shared: SharedBodies): boolean {
  for (let at = batchHeaderSize; at < size; at += recordSizeAt(buffer, at)) {
    const start = recordSharedStart(buffer, at)
    if (start >= 0 && !shared.isIntact(start, recordBodySize(buffer, at))) return false
  }
  return true
}
