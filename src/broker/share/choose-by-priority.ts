// Which of the records that were read a member gets where a share group takes those with a higher priority first.

/** A record that may be handed out. */
export interface Choosable {
  readonly offset: number
  readonly level: number
  /** Nobody has had it. */
  readonly isNew: boolean
}

export interface ChoiceBounds {
  readonly countMax: number
  /** Of records that nobody has had. */
  readonly newMax: number
  /** How many records of the partition, read or not, go before those of a level. */
  readonly countAbove: (level: number) => number
}

/**
 * The first of them by priority and offset: those of the highest priority, and of lower ones as long as all others that
 * are as high were read, too.
 */
export function chooseByPriority(
  records: readonly Choosable[],
  { countMax, newMax, countAbove }: ChoiceBounds,
): ReadonlySet<number> {
  const chosen = new Set<number>()
  const ordered = records.toSorted((a, b) => b.level - a.level || a.offset - b.offset)
  const top = ordered[0]?.level ?? 0
  // A member was faster: what goes before all of these was not read.
  if (countAbove(top) > 0) return chosen
  let newCount = 0
  let allowed = top
  for (const { offset, level, isNew } of ordered) {
    if (chosen.size >= countMax) break
    if (level < allowed && !hasAll(ordered, level, countAbove)) break
    allowed = level
    if (isNew && ++newCount > newMax) continue
    chosen.add(offset)
  }
  return chosen
}

/** Whether all records with at least that priority are among `records`. */
function hasAll(
  records: readonly Choosable[],
  level: number,
  countAbove: ChoiceBounds['countAbove'],
): boolean {
  const readCount = records.findLastIndex((record) => record.level >= level) + 1
  return readCount >= countAbove(level - 1)
}
