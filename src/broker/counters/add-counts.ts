/** Adds what `other` has counted to `sum`: both have the same fields, all of which are numbers. */
export function addCounts<Counters extends object>(sum: Counters, other: Counters): void {
  const sums = sum as Record<string, number>
  const counts = other as Readonly<Record<string, number>>
  for (const name in counts) sums[name]! += counts[name]!
}
