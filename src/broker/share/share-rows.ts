// What outlives the process of a share group: a row of the log's keyed state for each topic, which names
// the group's cursors there. Where the group is, and how often records came back, is in the cursors.
import type { LogStore } from '../../log/log-store.ts'

/** The place of a group in one topic. */
export interface ShareRow {
  readonly groupId: string
  /** 22 characters of base64url. */
  readonly topicId: string
  /** In the order of the topic's partitions; -1 for those that another cell leads. */
  readonly cursorIds: readonly number[]
  /** Of the group, when the row was written. */
  readonly epoch: number
  /** Of a topic that is spread over cells. */
  readonly spread?: SpreadPlaceRow | undefined
}

/** What is kept of a place in a topic that is spread over cells, in its home and in those that lead partitions. */
export interface SpreadPlaceRow {
  /** See `SharePlaceName`. */
  readonly placeId: string
  /** See `OpenPlaceAsked`. */
  readonly initialCount: number
  /** The last that a leader has done. */
  readonly moveId?: string | undefined
}

const keyPrefix = 'share/'
const topicIdSize = 22

/** All rows of the log's keyed state. */
export function shareRowsOf(state: ReadonlyMap<string, Buffer>): ShareRow[] {
  const rows: ShareRow[] = []
  for (const [key, value] of state) {
    if (!key.startsWith(keyPrefix)) continue
    const { cursors, epoch, spread } = JSON.parse(value.toString()) as StoredRow
    const topicId = key.slice(-topicIdSize)
    const groupId = key.slice(keyPrefix.length, -topicIdSize - 1)
    rows.push({ groupId, topicId, cursorIds: cursors, epoch, spread })
  }
  return rows
}

/** The cursors that share groups have: nobody may take them for ones of queues that are no more. */
export function shareCursorIds(state: ReadonlyMap<string, Buffer>): ReadonlySet<number> {
  return new Set(shareRowsOf(state).flatMap(({ cursorIds }) => cursorIds))
}

/** Keeps a row; false when there is no room for it. Within an atom. */
export function putShareRow(store: LogStore, row: ShareRow): boolean {
  const stored: StoredRow = { cursors: row.cursorIds, epoch: row.epoch, spread: row.spread }
  return store.putState(keyOf(row), Buffer.from(JSON.stringify(stored)))
}

/** Forgets one. Within an atom. */
export function dropShareRow(store: LogStore, row: Pick<ShareRow, 'groupId' | 'topicId'>): void {
  store.putState(keyOf(row), undefined)
}

interface StoredRow {
  readonly cursors: readonly number[]
  readonly epoch: number
  readonly spread?: SpreadPlaceRow | undefined
}

function keyOf({ groupId, topicId }: Pick<ShareRow, 'groupId' | 'topicId'>): string {
  return `${keyPrefix}${groupId}/${topicId}`
}
