// Sorting a hundred thousand things takes a tenth of a second, in which nobody else would be served.
import type { Steps } from '../../lib/slices.ts'

/** Sorted at once, or merged before others have their turn: well below a millisecond. */
const runLength = 1000

/** A sorted copy; equal items keep their order. */
export function* sortInSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = []
  for (let start = 0; start < items.length; start += runLength) {
    runs.push(items.slice(start, start + runLength).toSorted(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let index = 0; index < runs.length; index += 2) {
      const [left = [], right] = runs.slice(index, index + 2)
      merged.push(right === undefined ? left : yield* merge(left, right, compare))
    }
    runs = merged
  }
  return runs[0] ?? []
}

function* merge<T>(left: T[], right: T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const merged: T[] = []
  let leftIndex = 0
  let rightIndex = 0
  while (leftIndex < left.length || rightIndex < right.length) {
    const isLeft =
      rightIndex >= right.length ||
      (leftIndex < left.length && compare(left[leftIndex] as T, right[rightIndex] as T) <= 0)
    merged.push((isLeft ? left[leftIndex++] : right[rightIndex++]) as T)
    if (merged.length % runLength === 0) yield
  }
  return merged
}
