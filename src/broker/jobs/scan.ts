// Reads the messages that a job is about, a batch at a time. It reads durable runs, as browsing does, so no
// reader's window moves. A batch is looked at and acted on without anybody between: what a visitor was told of
// a message still holds when it is told that the batch has ended.
import { resultOf, type Steps } from '../../lib/slices.ts'
import { jobLimits } from '../../limits/jobs.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { Run } from '../../log/run.ts'
import { stableRuns } from '../../log/stable-runs.ts'
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { recordSizeAt } from '../../record/message/message-record.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { BrowsedPart } from '../browse/browsed-part.ts'

/** A stretch of one log. */
export interface Segment {
  readonly part: BrowsedPart
  readonly from: number
  readonly end: number
  /** The first offset at or after this one that is wanted. */
  readonly next: (offset: number) => number
}

/** Where a job goes on. */
export interface ScanPlace {
  /** Index of the segment. */
  readonly segment: number
  readonly offset: number
}

export interface Visitor {
  /** To be asked before each batch and each read: go on, end here, or wait and ask again. */
  mayGoOn(): 'yes' | 'no' | Promise<void>
  /** A batch begins, of messages of this segment up to `last`. */
  begin(segment: Segment, index: number, last: number): void
  /** The next message that is wanted; false: not in this batch any more. */
  visit(view: RecordView, hasBody: boolean): boolean
  /** The batch has ended; the next one begins there. */
  finish(next: ScanPlace): void
}

export class Scan {
  readonly #segments: readonly Segment[]
  readonly #store: LogStore
  readonly #visitor: Visitor
  readonly #view = new RecordView()
  #isStopped = false

  constructor(segments: readonly Segment[], store: LogStore, visitor: Visitor) {
    this.#segments = segments
    this.#store = store
    this.#visitor = visitor
  }

  /** Whether the end was reached. Throws when storage cannot be read. */
  *run(from: ScanPlace): Steps<boolean> {
    for (let index = from.segment; index < this.#segments.length; index++) {
      const segment = this.#segments[index]!
      const start = index === from.segment ? Math.max(from.offset, segment.from) : segment.from
      yield* this.#readSegment(segment, index, start)
      if (this.#isStopped) return false
    }
    return true
  }

  *#readSegment(segment: Segment, index: number, start: number): Steps<void> {
    const { part, end } = segment
    let at = nextIn(segment, start)
    while (at < Math.min(end, part.log.stableEnd) && !part.log.isDeleted) {
      if (!(yield* this.#goOn())) return
      const found = yield* this.#read(part.log, at)
      if (found === undefined) continue
      const runs = stableRuns(part.log, found)
      if (runs.length === 0) return
      try {
        for (const run of runs) at = yield* this.#readRun(segment, index, { run, at })
      } finally {
        for (const run of runs) run.release()
      }
      at = nextIn(segment, at)
    }
  }

  /** Undefined: its leader is away, and it is to be read again. */
  *#read(log: Log, at: number): Steps<readonly Run[] | undefined> {
    try {
      return yield* resultOf(this.#store.readRuns(log, at, jobLimits.readSizeMax))
    } catch (error) {
      if (log.origin === undefined) throw error
      return undefined
    }
  }

  /** Returns where to go on. */
  *#readRun(
    segment: Segment,
    index: number,
    { run, at: from }: { readonly run: Run; readonly at: number },
  ): Steps<number> {
    const { log } = segment.part
    let at = from
    while (at <= run.lastOffset && at < segment.end && !this.#isStopped) {
      const messages = log.messagesOf(run, at)
      if (messages === undefined) {
        const wanted = at
        yield new Promise<void>((resolve) => log.prepareMessages(run, wanted, resolve))
        continue
      }
      // What a batch was converted to is not kept for long.
      messages.retain()
      try {
        at = yield* this.#readMessages(segment, index, { messages, at })
      } finally {
        messages.release()
      }
    }
    return at
  }

  *#readMessages(
    segment: Segment,
    index: number,
    { messages, at: from }: { readonly messages: Run; readonly at: number },
  ): Steps<number> {
    let at = from
    for (let position: number = batchHeaderSize; position < messages.size;) {
      if (!(yield* this.#goOn())) return at
      const reached = this.#readBatch(segment, index, { messages, position, at })
      position = reached.position
      at = reached.at
      yield
    }
    return Math.max(at, messages.lastOffset + 1)
  }

  *#goOn(): Steps<boolean> {
    for (;;) {
      const answer = this.#visitor.mayGoOn()
      if (typeof answer === 'string') {
        this.#isStopped ||= answer === 'no'
        return answer === 'yes'
      }
      yield answer
    }
  }

  #readBatch(
    segment: Segment,
    index: number,
    from: { readonly messages: Run; readonly position: number; readonly at: number },
  ): { readonly position: number; readonly at: number } {
    const { messages } = from
    const { part, end } = segment
    const view = this.#view
    let { position, at } = from
    this.#visitor.begin(segment, index, messages.lastOffset)
    for (let count = 0; position < messages.size && count < jobLimits.lookedAtMax; count++) {
      const hasBody = part.log.readFrom(messages, position, view) >= 0
      const { offset } = view
      if (offset >= end) {
        position = messages.size
        break
      }
      const isWanted = offset >= at && nextIn(segment, offset) === offset
      if (isWanted && !this.#visitor.visit(view, hasBody)) break
      position += recordSizeAt(messages.buffer, position)
      at = Math.max(at, offset + 1)
    }
    this.#visitor.finish({ segment: index, offset: at })
    return { position, at }
  }
}

/** The first at or after `offset` that is wanted and that there may be. */
function nextIn({ part, next }: Segment, offset: number): number {
  let at = offset
  for (;;) {
    const there = part.next(at)
    at = next(there)
    if (at === there || at === Infinity) return at
  }
}
