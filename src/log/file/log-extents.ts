// Which files hold the records of each log. Extents leave when every record in them is acked,
// trimmed or its log deleted; a file without extents has nothing that anybody will read.
import type { IndexedRun } from './run-index.ts'
import { Extent } from './segment.ts'
import type { Segment } from './segment.ts'

/** All extents of all logs, per log ascending by offset. */
export class LogExtents {
  readonly #byLog = new Map<number, Extent[]>()
  /** Told when the last extent of a segment left. */
  onSegmentEmpty: (segment: Segment) => void = () => {}

  /** The extents of one log, ascending; not to be changed. */
  of(logId: number): readonly Extent[] {
    return this.#byLog.get(logId) ?? none
  }

  /** Records that a run was appended to an open segment. */
  addRun(segment: Segment, logId: number, run: IndexedRun): void {
    const extents = this.#byLog.get(logId)
    const last = extents?.at(-1)
    if (last !== undefined && last.segment === segment) {
      last.add(run)
      return
    }
    const extent = new Extent(segment, logId, run.baseOffset)
    extent.add(run)
    this.insert(extent)
  }

  /** Adds an extent at its place; the usual place is the end. */
  insert(extent: Extent): void {
    let extents = this.#byLog.get(extent.logId)
    if (extents === undefined) this.#byLog.set(extent.logId, (extents = []))
    let at = extents.length
    while (at > 0 && extents[at - 1]!.firstOffset > extent.firstOffset) at--
    extents.splice(at, 0, extent)
    attach(extent)
  }

  /** The first extent that ends at or after `offset`. */
  find(logId: number, offset: number): Extent | undefined {
    const extents = this.#byLog.get(logId)
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

  /** The extent after `extent`, by offset. */
  after(extent: Extent): Extent | undefined {
    return this.find(extent.logId, extent.lastOffset + 1)
  }

  /** Forgets extents whose offsets are all below `offset`. */
  dropBelow(logId: number, offset: number): void {
    const extents = this.#byLog.get(logId)
    if (extents === undefined) return
    let count = 0
    while (count < extents.length && extents[count]!.lastOffset < offset) count++
    if (count === 0) return
    for (const extent of extents.splice(0, count)) this.#detach(extent)
    if (extents.length === 0) this.#byLog.delete(logId)
  }

  /** Puts `to` in the place of `from`; false when nobody needs `from` any more. */
  replace(from: Extent, to: Extent): boolean {
    const extents = this.#byLog.get(from.logId)
    const at = extents?.indexOf(from) ?? -1
    if (extents === undefined || at < 0) return false
    extents[at] = to
    attach(to)
    this.#detach(from)
    return true
  }

  /** Forgets an extent in which nothing lives, wherever it lies. */
  drop(extent: Extent): void {
    const extents = this.#byLog.get(extent.logId)
    const at = extents?.indexOf(extent) ?? -1
    if (extents === undefined || at < 0) return
    extents.splice(at, 1)
    if (extents.length === 0) this.#byLog.delete(extent.logId)
    this.#detach(extent)
  }

  /** Forgets everything of a deleted log. */
  dropLog(logId: number): void {
    const extents = this.#byLog.get(logId)
    if (extents === undefined) return
    this.#byLog.delete(logId)
    for (const extent of extents) this.#detach(extent)
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
