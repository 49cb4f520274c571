// Deletes objects of a cell that nobody names. An upload whose owner crashed before it was named, and what cleaning
// left behind, would else cost money for ever. Nothing here looks at a local clock: ages are differences between
// times of the store. What was named until lately stays, because PostgreSQL may be restored to a moment at which it
// was: so an object goes only when it has been seen without a name for the grace.
import { objectLimits } from '../../../limits/objects.ts'
import { cellPrefix, type ObjectWriter, writerOf } from './object-key.ts'
import type { ObjectFacts, ObjectStore } from './object-store.ts'

/** Keys without a name, and since when by the store's clock: kept by the cell between passes. */
export type OrphanMarks = ReadonlyMap<string, number>

export interface SweepOptions {
  readonly objects: ObjectStore
  /** The cell, and the epoch under which we own it. */
  readonly owner: ObjectWriter
  /** Every key that manifest, table or records name. Asked after the listing, so that no new name is missed. */
  readonly readNames: () => Promise<ReadonlySet<string>>
  /** Whether this process still uploads it, or has not named it yet. */
  readonly isInFlight: (key: string) => boolean
  /** Asks whoever decides about owners, just before something is deleted. */
  readonly isStillOwner: () => Promise<boolean>
  readonly marks: OrphanMarks
  /** `next` of the pass before. */
  readonly after?: string | undefined
  /** Left out, the limits. */
  readonly graceMs?: number | undefined
  readonly freshMs?: number | undefined
  readonly listedMax?: number | undefined
  readonly deletedMax?: number | undefined
}

export interface SweepResult {
  readonly listed: number
  readonly deleted: readonly string[]
  /** For the next pass: the caller keeps them. */
  readonly marks: OrphanMarks
  /** Where the next pass begins; undefined when this one reached the end. */
  readonly next: string | undefined
}

interface Listing {
  readonly objects: readonly ObjectFacts[]
  readonly storeTime: number
  readonly next: string | undefined
}

/** One pass. Rejects when the store does; nothing is wrong then, and the next pass begins where this one did. */
export async function sweepObjects(options: SweepOptions): Promise<SweepResult> {
  const { objects, readNames, isStillOwner, after } = options
  const { graceMs = objectLimits.orphanGraceMs, deletedMax = objectLimits.sweepDeletedMax } =
    options
  const listing = await listPages(options)
  // In this order: what is listed and not in flight has its name by now, or never gets one.
  const candidates = listing.objects.filter((object) => mayGo(object, listing.storeTime, options))
  const names = await readNames()
  const orphans = new Set(candidates.map(({ key }) => key).filter((key) => !names.has(key)))
  const marks = new Map(options.marks)
  const due: string[] = []
  for (const { key } of listing.objects) {
    if (!orphans.has(key)) {
      marks.delete(key)
      continue
    }
    const since = marks.get(key) ?? listing.storeTime
    marks.set(key, since)
    if (listing.storeTime - since >= graceMs) due.push(key)
  }
  forgetGone(marks, listing, after)
  const chosen = due.slice(0, deletedMax)
  const isOurs = chosen.length > 0 && (await isStillOwner())
  const deleted = isOurs ? chosen : []
  await objects.delete(deleted)
  for (const key of deleted) marks.delete(key)
  // What was due and is left is looked at again at once.
  const next = isOurs && due.length > chosen.length ? chosen.at(-1) : listing.next
  return { listed: listing.objects.length, deleted, marks, next }
}

async function listPages(options: SweepOptions): Promise<Listing> {
  const { objects, owner, listedMax = objectLimits.sweepListedMax } = options
  const listed: ObjectFacts[] = []
  let { after } = options
  let storeTime = Infinity
  do {
    const countMax = Math.min(objectLimits.listedMax, listedMax - listed.length)
    const page = await objects.list(cellPrefix(owner.cell), { after, countMax })
    listed.push(...page.objects)
    // The earliest makes everything younger.
    storeTime = Math.min(storeTime, page.storeTime)
    after = page.next
  } while (after !== undefined && listed.length < listedMax)
  return { objects: listed, storeTime, next: after }
}

/** Whether an object without a name is one that nobody can name any more. */
function mayGo(
  { key, modifiedAt }: ObjectFacts,
  storeTime: number,
  options: SweepOptions,
): boolean {
  const { owner, isInFlight, freshMs = objectLimits.sweepFreshMs } = options
  const writer = writerOf(key)
  if (writer?.cell !== owner.cell) return false
  // A later owner's: then we are none any more, whatever we are told.
  if (writer.epoch > owner.epoch) return false
  return !isInFlight(key) && storeTime - modifiedAt >= freshMs
}

/** Marks of objects in the range of this pass that are not there any more. */
function forgetGone(marks: Map<string, number>, listing: Listing, after = ''): void {
  const there = new Set(listing.objects.map(({ key }) => key))
  for (const key of marks.keys()) {
    const isInRange = key > after && (listing.next === undefined || key <= listing.next)
    if (isInRange && !there.has(key)) marks.delete(key)
  }
}
