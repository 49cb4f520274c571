// Tables: rows of one height of which only those in sight exist, with keys to move, open and choose.
import type { ComponentChildren, JSX, RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useKeys } from '../lib/keys.ts'
import { density } from '../lib/preferences.ts'
import type { Rows } from '../lib/rows.ts'
import { ProblemNote } from './notes.tsx'
import './table.css'

export interface Column<Row> {
  readonly key: string
  readonly label: string
  /** What it counts, on hover. */
  readonly hint?: string
  /** Numbers stand at the end, so that they line up. */
  readonly align?: 'end'
  /** A width of CSS, `96px`; without one it shares what is left. */
  readonly width?: string
  /** 1 stays always, 2 goes below 720 px, 3 below 1100 px. */
  readonly priority?: 1 | 2 | 3
  /** As what the API sorts by it; left out, it does not. */
  readonly sort?: string
  readonly cell: (row: Row) => ComponentChildren
}

export interface Sort {
  readonly by: string | undefined
  readonly isReverse: boolean
}

export interface TableProps<Row> {
  /** What the table holds, for those who hear it. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: Rows<Row>
  readonly keyOf: (row: Row) => string
  readonly sort?: Sort
  readonly onSort?: (sort: Sort) => void
  /** The row that stands open in a panel. */
  readonly openKey?: string | undefined
  readonly onOpen?: (row: Row) => void
  readonly chosen?: ReadonlySet<string>
  readonly onChoose?: (chosen: ReadonlySet<string>) => void
  readonly empty: ComponentChildren
  /** Fills what is left of a page and scrolls by itself; otherwise it is as high as its rows. */
  readonly isFull?: boolean
}

/** Rows above and below what one sees, so that scrolling does not show white. */
const spareRows = 12
/** Rows come and go so many at a time: each time costs a frame's work. */
const rowsAtOnce = 6
const headHeight = 32

export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { rows, label, columns, empty, isFull = false } = props
  const box = useRef<HTMLDivElement>(null)
  const height = density.value === 'compact' ? 28 : 32
  const shown = useShown(box, rows.total ?? 0, { height, isFull })
  const cursor = useCursor(props, box, height)
  const rowNodes = useRowNodes<Row>()
  useLayoutEffect(() => {
    if (rows.total !== undefined && shown.last >= shown.first) rows.onShown(shown.first, shown.last)
  }, [shown.first, shown.last, rows.total === undefined])
  if (rows.problem !== undefined && rows.total === undefined) {
    return <ProblemNote problem={rows.problem} onRetry={rows.onRetry} />
  }
  if (rows.total === 0 && !rows.isStale) return <div class="table-empty">{empty}</div>
  const isChosen = props.onChoose !== undefined
  return (
    <div
      ref={box}
      class={isFull ? 'table-box table-full' : 'table-box'}
      tabIndex={0}
      role="region"
      aria-label={label}
      aria-busy={rows.total === undefined}
    >
      <table
        class={rows.isStale ? 'table table-stale' : 'table'}
        aria-rowcount={(rows.total ?? 0) + 1}
      >
        <caption class="unseen">{label}</caption>
        <colgroup>
          {isChosen && <col class="column-choose" />}
          {columns.map(({ key, width, priority = 1 }) => (
            <col key={key} class={`priority-${priority}`} style={width && { width }} />
          ))}
        </colgroup>
        <Head {...props} />
        <tbody>
          <Space height={shown.first * height} />
          {rows.total === undefined ? (
            <SkeletonRows columns={columns} isChosen={isChosen} />
          ) : (
            rowNodes(props, range(shown.first, Math.min(shown.last, rows.total - 1)), cursor)
          )}
          <Space height={Math.max(0, (rows.total ?? 0) - 1 - shown.last) * height} />
        </tbody>
      </table>
    </div>
  )
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

function Space({ height }: { readonly height: number }): JSX.Element | null {
  if (height <= 0) return null
  return <tr aria-hidden="true" class="table-space" style={{ height: `${height}px` }} />
}

function SkeletonRows<Row>({
  columns,
  isChosen,
}: {
  readonly columns: readonly Column<Row>[]
  readonly isChosen: boolean
}): JSX.Element {
  return (
    <>
      {range(0, 7).map((row) => (
        <tr key={row} class="table-row">
          {isChosen && <td />}
          {columns.map(({ key, priority = 1 }, column) => (
            <td key={key} class={`priority-${priority}`}>
              <span
                class="skeleton"
                style={{ width: `${35 + ((row * 17 + column * 29) % 50)}%` }}
              />
            </td>
          ))}
        </tr>
      ))}
    </>
  )
}

function Head<Row>({ columns, sort, onSort, rows, keyOf, ...props }: TableProps<Row>): JSX.Element {
  const { chosen, onChoose } = props
  const loaded = (): string[] =>
    range(0, (rows.total ?? 0) - 1)
      .map((index) => rows.rowAt(index))
      .filter((row) => row !== undefined)
      .map(keyOf)
  return (
    <thead>
      <tr>
        {onChoose !== undefined && (
          <th scope="col" class="table-choose">
            <input
              type="checkbox"
              aria-label="Choose all that are loaded"
              checked={(chosen?.size ?? 0) > 0}
              onChange={() => onChoose(new Set((chosen?.size ?? 0) > 0 ? [] : loaded()))}
            />
          </th>
        )}
        {columns.map((column) => (
          <HeadCell key={column.key} column={column} sort={sort} onSort={onSort} />
        ))}
      </tr>
    </thead>
  )
}

function HeadCell<Row>({
  column: { label, hint, align, priority = 1, sort: sortKey },
  sort,
  onSort,
}: {
  readonly column: Column<Row>
  readonly sort: Sort | undefined
  readonly onSort: ((sort: Sort) => void) | undefined
}): JSX.Element {
  const isSorted = sortKey !== undefined && sort?.by === sortKey
  const order = (sort?.isReverse ?? false) ? 'descending' : 'ascending'
  const next = (): void => {
    // Who sorts by a number wants the largest first.
    const isReverse = isSorted ? !(sort?.isReverse ?? false) : align === 'end'
    onSort?.({ by: sortKey, isReverse })
  }
  const classes = `priority-${priority} ${align === 'end' ? 'align-end' : ''}`
  return (
    <th scope="col" class={classes} title={hint} aria-sort={isSorted ? order : undefined}>
      {sortKey === undefined || onSort === undefined ? (
        label
      ) : (
        <button type="button" class="table-sort" onClick={next}>
          {label}
          <span aria-hidden="true" class="table-arrow">
            {isSorted ? ((sort?.isReverse ?? false) ? '↓' : '↑') : ''}
          </span>
        </button>
      )}
    </th>
  )
}

interface RowNode<Row> {
  readonly props: TableProps<Row>
  readonly row: Row | undefined
  readonly isActive: boolean
  readonly node: JSX.Element
}

/** While one scrolls, only the rows that come in are made; the others stay as they are. */
function useRowNodes<Row>(): (
  props: TableProps<Row>,
  indexes: readonly number[],
  cursor: number | undefined,
) => JSX.Element[] {
  const last = useRef<ReadonlyMap<number, RowNode<Row>>>(new Map())
  return (props, indexes, cursor) => {
    const made = new Map<number, RowNode<Row>>()
    for (const index of indexes) {
      const row = props.rows.rowAt(index)
      const isActive = index === cursor
      const old = last.current.get(index)
      if (old?.props === props && old.row === row && old.isActive === isActive) {
        made.set(index, old)
        continue
      }
      const node = <TableRow key={index} {...props} index={index} isActive={isActive} />
      made.set(index, { props, row, isActive, node })
    }
    last.current = made
    return Array.from(made.values(), ({ node }) => node)
  }
}

function TableRow<Row>({
  columns,
  rows,
  index,
  isActive,
  keyOf,
  openKey,
  onOpen,
  chosen,
  onChoose,
}: TableProps<Row> & { readonly index: number; readonly isActive: boolean }): JSX.Element {
  const row = rows.rowAt(index)
  if (row === undefined) {
    return (
      <tr class="table-row" aria-rowindex={index + 2}>
        <td colSpan={columns.length + (onChoose === undefined ? 0 : 1)}>
          <span class="skeleton" style={{ width: '40%' }} />
        </td>
      </tr>
    )
  }
  const key = keyOf(row)
  const isOpen = key === openKey
  const open = (event: MouseEvent): void => {
    const isOwn = event.target instanceof Element && event.target.closest('a, button, input, label')
    if (isOwn === null && getSelection()?.isCollapsed !== false) onOpen?.(row)
  }
  const classes = ['table-row']
  if (onOpen !== undefined) classes.push('table-opens')
  if (isOpen) classes.push('table-open')
  if (isActive) classes.push('table-active')
  return (
    <tr class={classes.join(' ')} aria-rowindex={index + 2} onClick={open}>
      {onChoose !== undefined && (
        <td class="table-choose">
          <input
            type="checkbox"
            aria-label={`Choose ${key}`}
            checked={chosen?.has(key) ?? false}
            onChange={() => onChoose(toggled(chosen, key))}
          />
        </td>
      )}
      {columns.map(({ key: name, align, priority = 1, cell }) => (
        <td key={name} class={`priority-${priority} ${align === 'end' ? 'align-end' : ''}`}>
          {cell(row)}
        </td>
      ))}
    </tr>
  )
}

/** With `key` in it, or without it if it was. */
export function toggled(chosen: ReadonlySet<string> | undefined, key: string): Set<string> {
  const result = new Set(chosen)
  if (!result.delete(key)) result.add(key)
  return result
}

interface Shown {
  readonly first: number
  readonly last: number
}

/** Which rows are in sight: of the box, or of the window where the box does not scroll. */
function useShown(
  box: RefObject<HTMLDivElement | null>,
  total: number,
  { height, isFull }: { readonly height: number; readonly isFull: boolean },
): Shown {
  const [shown, setShown] = useState<Shown>({ first: 0, last: 40 })
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const look = (): void => {
      const isScrolled = isFull && element.scrollHeight > element.clientHeight + 1
      const top = isScrolled ? element.scrollTop : -element.getBoundingClientRect().top
      const sight = isScrolled ? element.clientHeight : window.innerHeight
      const above = Math.floor((top - headHeight) / height) - spareRows
      const below = Math.ceil((top + sight) / height) + spareRows
      const first = Math.max(0, Math.floor(above / rowsAtOnce) * rowsAtOnce)
      const last = Math.ceil(below / rowsAtOnce) * rowsAtOnce
      setShown((old) => (old.first === first && old.last === last ? old : { first, last }))
    }
    look()
    let frame = 0
    const onScroll = (): void => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(look)
    }
    // Also of the box itself, on the way down to it.
    document.addEventListener('scroll', onScroll, { passive: true, capture: true })
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    return () => {
      cancelAnimationFrame(frame)
      document.removeEventListener('scroll', onScroll, { capture: true })
      sizes.disconnect()
    }
  }, [total === 0, height, isFull])
  return shown
}

/** The row that keys act on; undefined until the first key. */
function useCursor<Row>(
  { rows, keyOf, onOpen, onChoose, chosen, openKey }: TableProps<Row>,
  box: RefObject<HTMLDivElement | null>,
  height: number,
): number | undefined {
  const [cursor, setCursor] = useState<number>()
  const move = (step: number): void => {
    const total = rows.total ?? 0
    if (total === 0) return
    const next = Math.min(total - 1, Math.max(0, cursor === undefined ? 0 : cursor + step))
    setCursor(next)
    // Enter is for the row now, not for what had the focus before.
    box.current?.focus({ preventScroll: true })
    scrollTo(box.current, next, height)
    const row = rows.rowAt(next)
    if (openKey !== undefined && row !== undefined) onOpen?.(row)
  }
  const current = (): Row | undefined => (cursor === undefined ? undefined : rows.rowAt(cursor))
  useKeys([
    { keys: 'j', does: 'next row', run: () => move(1) },
    { keys: 'k', does: 'row before', run: () => move(-1) },
    { keys: 'ArrowDown', does: 'next row', run: () => move(1) },
    { keys: 'ArrowUp', does: 'row before', run: () => move(-1) },
    ...(onOpen === undefined
      ? []
      : [
          {
            keys: 'Enter',
            does: 'open the row',
            run: () => {
              const row = current()
              if (row !== undefined) onOpen(row)
            },
          },
        ]),
    ...(onChoose === undefined
      ? []
      : [
          {
            keys: 'x',
            does: 'choose the row',
            run: () => {
              const row = current()
              if (row !== undefined) onChoose(toggled(chosen, keyOf(row)))
            },
          },
        ]),
  ])
  return cursor
}

function scrollTo(box: HTMLElement | null, index: number, height: number): void {
  if (box === null || box.scrollHeight <= box.clientHeight) return
  const top = index * height
  if (top < box.scrollTop) box.scrollTop = top
  const bottom = top + height + headHeight
  if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight
}
