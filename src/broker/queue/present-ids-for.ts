import type { IdentifiedQueue, PresentIds } from '../deduplication/present-ids.ts'

interface DeduplicatingQueue {
  /** Of its first log. */
  readonly id: number
  readonly settings: { readonly deduplicates: boolean }
}

/** What a queue needs of its broker for ids. */
interface IdsContext {
  openPresentIds(logId: number, messages: IdentifiedQueue): PresentIds
  closePresentIds(logId: number): void
}

/**
 * The ids of messages in a queue as its settings say: `known` where that is nothing else. Ids of what came
 * before it deduplicated are not known.
 */
export function presentIdsFor(
  { id, settings: { deduplicates } }: DeduplicatingQueue,
  known: PresentIds | undefined,
  messages: IdentifiedQueue,
  context: IdsContext,
): PresentIds | undefined {
  if (deduplicates) return known ?? context.openPresentIds(id, messages)
  if (known !== undefined) context.closePresentIds(id)
  return undefined
}
