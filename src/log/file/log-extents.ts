// Which files hold the records of each log. Extents leave when every record in them is acked,
// trimmed or its log deleted; a file without extents has nothing that anybody will read.
import type { IndexedRun } from './run-index.ts'
import { Extent } from './segment.ts'
import type { Segment } from './segment.ts'

/** The extents of one log, ascending, and the bytes of their runs. */
interface ExtentList {
  readonly extents: Extent[]
  size: number
}

/** All extents of all logs, per log ascending by offset. */
export class LogExtents {
  readonly #byLog = new Map<number, ExtentList>()
  /** Told when the last extent of a segment left. */
  onSegmentEmpty: (segment: Segment) => void = () => {}

  /** The extents of one log, ascending; not to be changed. */
  of(logId: number): readonly Extent[] {
    return this.#byLog.get(logId)?.extents ?? none
  }

  /** Bytes of all runs in the extents of one log. */
  sizeOf(logId: number): number {
    return this.#byLog.get(logId)?.size ?? 0
  }

  /** Records that a run was appended to an open segment. */
  addRun(segment: Segment, logId: number, run: IndexedRun): void {
    const list = this.#byLog.get(logId)
    const last = list?.extents.at(-1)
    if (list !== undefined && last !== undefined && last.segment === segment) {
      last.add(run)
      list.size += run.size
      return
    }
    const extent = new Extent(segment, logId, run.baseOffset)
    extent.add(run)
    this.insert(extent)
  }

  /** Adds an extent at its place; the usual place is the end. */
  insert(extent: Extent): void {
    let list = this.#byLog.get(extent.logId)
    if (list === undefined) this.#byLog.set(extent.logId, (list = { extents: [], size: 0 }))
    const { extents } = list
    list.size += extent.byteCount
    let at = extents.length
    while (at > 0 && extents[at - 1]!.firstOffset > extent.firstOffset) at--
    extents.splice(at, 0, extent)
    attach(extent)
  }

  /** The first extent that ends at or after `offset`. */
  find(logId: number, offset: number): Extent | undefined {
    const extents = this.#byLog.get(logId)?.extents
    if (extents === undefined) return undefined
    let low = 0
    let high = extents.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (extents[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return extents[low]
  }

  /** Whether somebody still reads there. */
  has(extent: Extent): boolean {
    return extent.segment.extents.get(extent.logId)?.includes(extent) === true
  }

  /** The extent after `extent`, by offset. */
  after(extent: Extent): Extent | undefined {
    return this.find(extent.logId, extent.lastOffset + 1)
  }

  /** Forgets extents whose offsets are all below `offset`. */
  dropBelow(logId: number, offset: number): void {
    const list = this.#byLog.get(logId)
    if (list === undefined) return
    const { extents } = list
    let count = 0
    while (count < extents.length && extents[count]!.lastOffset < offset) count++
    if (count === 0) return
    for (const extent of extents.splice(0, count)) {
      list.size -= extent.byteCount
      this.#detach(extent)
    }
    if (extents.length === 0) this.#byLog.delete(logId)
  }

  /** Puts `to` in the place of `from`; false when nobody needs `from` any more. */
  replace(from: Extent, to: Extent): boolean {
    const list = this.#byLog.get(from.logId)
    const at = list?.extents.indexOf(from) ?? -1
    if (list === undefined || at < 0) return false
    list.extents[at] = to
    list.size += to.byteCount - from.byteCount
    attach(to)
    this.#detach(from)
    return true
  }

  /** Forgets an extent in which nothing lives, wherever it lies. */
  drop(extent: Extent): void {
    const list = this.#byLog.get(extent.logId)
    const at = list?.extents.indexOf(extent) ?? -1
    if (list === undefined || at < 0) return
    const { extents } = list
    extents.splice(at, 1)
    list.size -= extent.byteCount
    if (extents.length === 0) this.#byLog.delete(extent.logId)
    this.#detach(extent)
  }

  /** Forgets everything of a deleted log. */
  dropLog(logId: number): void {
    const list = this.#byLog.get(logId)
    if (list === undefined) return
    this.#byLog.delete(logId)
    for (const extent of list.extents) this.#detach(extent)
  }

  #detach(extent: Extent): void {
    const { segment } = extent
    const siblings = segment.extents.get(extent.logId)
    const at = siblings?.indexOf(extent) ?? -1
    if (siblings === undefined || at < 0) return
    siblings.splice(at, 1)
    if (siblings.length === 0) segment.extents.delete(extent.logId)
    segment.extentCount--
    if (segment.extentCount === 0) this.onSegmentEmpty(segment)
  }
}

const none: readonly Extent[] = []

function attach(extent: Extent): void {
  const { segment } = extent
  const siblings = segment.extents.get(extent.logId)
  if (siblings === undefined) segment.extents.set(extent.logId, [extent])
  else siblings.push(extent)
  segment.extentCount++
}
