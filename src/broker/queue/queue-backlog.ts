// What the parts of a queue know of its messages: who may have which of them, and how many there are. They
// are in one log (`Backlog`) or in one for each priority (`PriorityBacklog`).
import type { CursorNote } from '../../log/cursor-notes.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Incoming } from './incoming.ts'
import type { MessageState } from './message-state.ts'
import type { ReadySizes } from './ready-sizes.ts'

/** What `QueueBacklog.take` found. On 'wait' try again when `BacklogOwner.onReadable` was called. */
export type TakeResult = 'record' | 'empty' | 'wait'

export interface BacklogOwner {
  /** Of a log that others append to: its records are here once they are durable, see `Backlog.showMore`. */
  readonly seesOnlyDurable?: boolean
  /** A `take` that had to wait is worth another try. */
  onReadable(): void
  /** The record at `offset` of one of the logs cannot be read any more and was skipped. */
  onDamaged(offset: number, error: Error): void
}

/** What is noted of a message that came back. */
export interface NotedMessage extends CursorNote {
  readonly offset: number
}

/** A log of the queue, and the queue's place in it. */
export interface LevelCursor {
  /** 0 for the lowest priority. */
  readonly level: number
  readonly cursor: LogCursor
}

/** The messages of one log, for those who only look. */
export interface BacklogPart {
  /** Another one once the queue was rewound. */
  readonly cursor: LogCursor
  /**
   * Tells, as of `now`, where the messages with offsets first … last are. Good until the next change. Those
   * that were detached count as unacked.
   */
  statesIn(first: number, last: number, now: number): (offset: number) => MessageState
  /**
   * Ready messages, from anywhere in the line, are done with. Within an atom; the queue is to be told with
   * `onReadable` after it.
   */
  removeReady(messages: readonly ReadyMessage[]): void
  /** A ready message is unacked, as an earlier process left it: somebody will settle it. Named by offset. */
  holdUnacked(offset: number): void
}

/** A message of one log, as somebody has read it. */
export interface ReadyMessage {
  readonly offset: number
  /** Bytes of its body. */
  readonly size: number
}

/** The messages of one log, whose bytes are counted. */
export interface CountedLog {
  readonly cursor: LogCursor
  readonly sizes: ReadySizes
}

/**
 * Messages are named by what `take` and `peek` leave in `RecordView.offset`: their offset, or with
 * several logs a place (`message-place.ts`).
 */
export interface QueueBacklog {
  /** Level 0 first, the others in the order in which they were made. */
  readonly levels: readonly LevelCursor[]
  readonly levelCount: number
  /** The messages of each log, those of a source too, by index in places. */
  readonly parts: readonly BacklogPart[]
  /** Where each log ends, in the order of `levels`. */
  readonly ends: readonly number[]
  /** Ready, unacked and delayed messages. */
  readonly messageCount: number
  readonly unackedCount: number
  /** Those that came back and wait for their next try. */
  readonly delayedCount: number
  readonly readyCount: number
  /** Ready and delayed messages: what length limits count. */
  readonly waitingCount: number
  /** What open transactions have, and what lies behind them: messages once they have ended, if not aborted. */
  readonly hiddenCount: number
  /** Bytes of the bodies of ready messages, once `countSizes` was called. */
  readonly readySize: number
  /** A `take` would wait, for the disk as a rule. */
  readonly isWaiting: boolean
  /** Whether the message taken last may have been delivered before. */
  readonly isRedelivered: boolean
  /** Whether anything is noted of messages. */
  readonly hasNotes: boolean

  /**
   * From now on the bytes of bodies are counted. Returns the logs that there are, of which messages that
   * are there already are still to be counted.
   */
  countSizes(): readonly CountedLog[]
  /** The bytes of bodies are not counted any more. */
  forgetSizes(): void
  /** Appends one message, which consumers wait for or not. Within an atom. */
  append(source: RecordSource, sharedPosition: number, isAwaited: boolean): void
  /** A batch of messages was appended to the log of `levels[index]`. Within an atom. */
  onBatchAppended(incoming: Incoming, isAwaited: boolean, index: number): void
  /** A transaction in the log of `levels[index]` has ended; `abortedSize` bytes of its messages will never be seen. */
  onTransactionEnded(index: number, abortedSize: number): void
  /** Takes the next ready message into `view`: it is unacked until it is removed or requeued. */
  take(view: RecordView): TakeResult
  /** Reads the next ready message into `view` and leaves it where it is. */
  peek(view: RecordView): TakeResult
  /** An unacked message is done with. */
  remove(offset: number): void
  /** An unacked message is ready again at its original place. */
  requeue(offset: number): void
  /** An unacked message came back and waits until `wake`, or until it is dropped. */
  delay(offset: number): void
  /** The same for a message that was taken and that nobody has seen. */
  putBack(offset: number): void
  /** The same for a ready message, which an earlier process delayed. */
  holdBack(offset: number): void
  /** A delayed message is ready again at its original place. */
  wake(offset: number): void
  /** A delayed message is done with. */
  dropDelayed(offset: number): void
  /** Notes something durably about a message that is not acked; the last note counts. */
  note(offset: number, note: CursorNote): void
  /** How often that was noted to have come back. */
  returnCountOf(offset: number): number
  /** From when on it may be handed out again, as was noted; 0 for at once. */
  readyAtOf(offset: number): number
  /** Whether it is done with. */
  isAcked(offset: number): boolean
  /** Everything that is noted. */
  notes(): Iterable<NotedMessage>
  /** An unacked message counts no more; it is in the log until `ackDetached`. */
  detach(offset: number): void
  /** The same for the message that `peek` has just read. */
  detachHead(view: RecordView): void
  /** Reads a detached message; after 'wait' it can be read when `onReadable` is called. */
  readDetached(offset: number, view: RecordView, onReadable: () => void): TakeResult
  ackDetached(offset: number): void
  /** Drops every ready message and returns how many there were. Within an atom. */
  purge(): number
  /**
   * `cursor` takes the place of that of `levels[index]`, of which it has not acked what is to be ready
   * again, from `target` on. Returns how many messages that are. Within an atom.
   */
  rewind(index: number, cursor: LogCursor, target: number): number
  /** The logs are gone with all messages. */
  close(): void
  /** The broker stops in good order: the next one need not guess what was delivered. */
  settleDeliveredMark(): void
}
