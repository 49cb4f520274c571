// Rows of a table, wherever they come from: a list in memory, or a list of the API of which only the pages
// that one sees are asked for.
import { useRef, useState } from 'preact/hooks'
import type { Problem } from './api.ts'
import { useLive } from './live.ts'

/** What a table shows. */
export interface Rows<Row> {
  /** Undefined until it is known. */
  readonly total: number | undefined
  /** Undefined while it is on its way. */
  rowAt(index: number): Row | undefined
  /** The table shows these now. */
  onShown(first: number, last: number): void
  readonly isStale: boolean
  readonly problem?: Problem | undefined
  /** Asks again after a problem, where that is not done by itself. */
  readonly onRetry?: () => void
}

export function rowsOf<Row>(list: readonly Row[] | undefined, problem?: Problem): Rows<Row> {
  return {
    total: list?.length,
    rowAt: (index) => list?.[index],
    onShown: () => {},
    isStale: false,
    problem,
  }
}

/** A list as the API answers it with `page` and `page_size`. */
export interface ListPage<Row> {
  readonly items: readonly Row[]
  readonly page: number
  readonly page_size: number
  readonly filtered_count: number
  readonly total_count: number
}

const pageSize = 100

/** Pages that one scrolls past in less are not asked for: each may be a sort of 100,000 streams. */
const settleMs = 100

/**
 * The rows of a list, live. `pathOf` says what to ask for a page; it is another list when its first page has
 * another path. At most the two pages that are seen are asked for; others stay as they were last seen.
 */
export function useRows<Row>(pathOf: (page: number, pageSize: number) => string): Rows<Row> {
  const [firstPage, setFirstPage] = useState(1)
  const [lastPage, setLastPage] = useState(1)
  const settling = useRef<ReturnType<typeof setTimeout>>(undefined)
  const seen = useRef({ list: '', pages: new Map<number, readonly Row[]>(), total: 0 })
  const list = pathOf(1, pageSize)
  const isOther = seen.current.list !== list
  const start = isOther ? 1 : firstPage
  const one = useLive<ListPage<Row>>(pathOf(start, pageSize))
  const two = useLive<ListPage<Row>>(
    !isOther && lastPage > start ? pathOf(lastPage, pageSize) : undefined,
  )
  if (isOther && one.data !== undefined && !one.isStale) {
    seen.current = { list, pages: new Map(), total: 0 }
  }
  const { pages } = seen.current
  for (const { data, isStale } of [one, two]) {
    if (data === undefined || (isStale && isOther)) continue
    pages.set(data.page, data.items)
    seen.current.total = data.filtered_count
  }
  forgetFarPages(pages, start)
  return {
    total: one.data === undefined && pages.size === 0 ? undefined : seen.current.total,
    rowAt: (index) => pages.get(Math.floor(index / pageSize) + 1)?.[index % pageSize],
    onShown(first, last) {
      clearTimeout(settling.current)
      settling.current = setTimeout(() => {
        setFirstPage(Math.floor(first / pageSize) + 1)
        setLastPage(Math.floor(last / pageSize) + 1)
      }, settleMs)
    },
    isStale: one.isStale,
    problem: one.problem,
  }
}

/** Pages that are kept, though nobody sees them. */
const keptPages = 20

function forgetFarPages(pages: Map<number, unknown>, near: number): void {
  if (pages.size <= keptPages) return
  for (const page of pages.keys()) if (Math.abs(page - near) > keptPages / 2) pages.delete(page)
}
