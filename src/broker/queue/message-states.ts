// What the messages of a backlog are at a moment, for those who only look.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { MessageState } from './message-state.ts'

/** What a backlog knows of its messages. */
export interface KnownOffsets {
  readonly cursor: Pick<LogCursor, 'acked' | 'notes'>
  /** What is ready again, in any order. */
  readonly returned: Iterable<number>
  /** The next that was never delivered. */
  readonly next: number
  /** Not come to, and somebody has it. */
  readonly heldBack: ReadonlySet<number> | undefined
  /** Looked at ahead of its delivery, and ready. */
  readonly ahead: ReadonlySet<number> | undefined
  /** Put back, and nobody has seen it. */
  readonly unseen: ReadonlySet<number> | undefined
}

export interface OffsetsLooked {
  readonly first: number
  readonly last: number
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/** See `QueueBacklog.statesIn`. */
export function messageStates(
  { cursor, returned: all, next, heldBack, ahead, unseen }: KnownOffsets,
  { first, last, now }: OffsetsLooked,
): (offset: number) => MessageState {
  const returned = new Set<number>()
  for (const offset of all) if (offset >= first && offset <= last) returned.add(offset)
  const { acked, notes } = cursor
  return (offset) => {
    if (acked.isAcked(offset)) return 'acked'
    const isPassed = offset < next || heldBack?.has(offset) === true
    if (returned.has(offset) || !isPassed || ahead?.has(offset) === true) return 'ready'
    if (unseen?.has(offset) === true) return 'delayed'
    return notes !== undefined && notes.get(offset).readyAt > now ? 'delayed' : 'unacked'
  }
}
