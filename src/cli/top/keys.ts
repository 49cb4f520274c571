// What keys do to what is shown.
import { topLimits } from '../../limits/top.ts'
import { type SortOrder, sortColumns } from './look.ts'

export interface TopState {
  readonly order: SortOrder
  /** Queues above the first that is shown. */
  readonly skipped: number
  readonly hasEnded: boolean
}

export const firstState: TopState = {
  order: { column: 'messages_ready', isReverse: true },
  skipped: 0,
  hasEnded: false,
}

/** `key` is what a terminal sends for one. */
export function press(state: TopState, key: string): TopState {
  const { order, skipped } = state
  const index = sortColumns.indexOf(order.column)
  switch (key) {
    case 'q':
    case '\u0003':
      return { ...state, hasEnded: true }
    case '\u001b[C':
      return sortBy(state, index + 1)
    case '\u001b[D':
      return sortBy(state, index - 1)
    case 'r':
      return { ...state, order: { ...order, isReverse: !order.isReverse }, skipped: 0 }
    case '\u001b[B':
      return { ...state, skipped: Math.min(skipped + 1, topLimits.queuesMax - 1) }
    case '\u001b[A':
      return { ...state, skipped: Math.max(skipped - 1, 0) }
    default:
      return state
  }
}

/** Names from the first on, numbers from the greatest. */
function sortBy(state: TopState, index: number): TopState {
  const column = sortColumns[(index + sortColumns.length) % sortColumns.length] ?? 'name'
  return { ...state, order: { column, isReverse: column !== 'name' }, skipped: 0 }
}
