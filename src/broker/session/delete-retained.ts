// Takes retained messages away by a topic filter, for somebody who manages them: nothing is published, so subscribers
// that have them are not told.
import type { Steps } from '../../lib/slices.ts'
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { RetainedMessages } from './retained-messages.ts'

export interface DeleteRetainedAsked {
  readonly filter: string
  readonly may: (topic: string) => boolean
  /** Only counts. */
  readonly isDry: boolean
  /** Topics that are told. */
  readonly examplesMax: number
}

export interface RetainedDeleted {
  readonly count: number
  /** Bytes of their payloads. */
  readonly size: number
  /** Topics that `may` has not. */
  readonly refusedCount: number
  readonly examples: readonly string[]
  readonly ticket: Ticket | undefined
}

/** Not within an atom. */
export function* deleteRetained(
  retained: RetainedMessages,
  store: LogStore,
  { filter, may, isDry, examplesMax }: DeleteRetainedAsked,
): Steps<RetainedDeleted> {
  const examples: string[] = []
  let count = 0
  let size = 0
  let refusedCount = 0
  let ticket: Ticket | undefined
  let batch: string[] = []
  const flush = (): void => {
    if (!isDry) ticket = clearAll(retained, store, batch) ?? ticket
    batch = []
  }
  for (const each of retained.search(filter)) {
    if (each === undefined) yield
    if (each === undefined || !retained.isThere(each[1])) continue
    const [topic, found] = each
    if (may(topic)) {
      count++
      size += found.size
      if (examples.length < examplesMax) examples.push(topic)
      batch.push(topic)
    } else {
      refusedCount++
    }
    if (batch.length < sessionLimits.retainedDeletedAtOnce) continue
    flush()
    yield
  }
  flush()
  return { count, size, refusedCount, examples, ticket }
}

/** In one atom. */
export function clearAll(
  retained: RetainedMessages,
  store: LogStore,
  topics: readonly string[],
): Ticket | undefined {
  store.beginAtom()
  for (const topic of topics) retained.clear(topic)
  return store.endAtom()
}
