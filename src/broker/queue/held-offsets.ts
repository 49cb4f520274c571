// Offsets that a backlog has not come to, and somebody has already.
import type { AckedOffsets } from '../../log/acked-offsets.ts'

/** Offsets first … last. */
interface OffsetRange {
  readonly first: number
  readonly last: number
}

/** What lies from `from` on, below `end`, and is held by nobody; ranges may be empty. */
export function* rangesNotHeld(
  from: number,
  end: number,
  held: ReadonlySet<number> | undefined,
): Generator<OffsetRange> {
  let first = from
  const among = [...(held ?? [])].filter((offset) => offset >= from)
  for (const offset of among.toSorted((a, b) => a - b)) {
    yield { first, last: offset - 1 }
    first = offset + 1
  }
  yield { first, last: end - 1 }
}

export interface RewoundFrom {
  readonly acked: Pick<AckedOffsets, 'isAcked' | 'nextUnacked'>
  readonly held: ReadonlySet<number> | undefined
  /** What came back. */
  readonly returned: ReadonlySet<number>
  /** The next that was not delivered before the rewind, … */
  readonly before: number
  /** … and after it. */
  readonly next: number
  /** Where it was rewound to. */
  readonly target: number
}

/**
 * What was out below `before` is passed by from `next` on, but for what came back and lies from `target` on: that
 * will be met.
 */
export function heldAfterRewind(from: RewoundFrom): Set<number> {
  const { acked, held, returned, before, next, target } = from
  const isHeld = (offset: number): boolean => offset >= before && !acked.isAcked(offset)
  const all = [...(held ?? [])].filter(isHeld)
  let at = acked.nextUnacked(next)
  for (; at < before; at = acked.nextUnacked(at + 1)) all.push(at)
  const isMet = (offset: number): boolean => offset >= target && returned.has(offset)
  return new Set(all.filter((offset) => !isMet(offset)))
}
