// "Did you mean …?": the known name that a mistyped one was probably meant to be.

/** Case and separators are not what people mean to say when they mistype a name. */
function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[-_. ]/g, '')
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** The name in `known` nearest to `name`, or undefined when none is near enough to be a typo. */
export function findClosestName(name: string, known: readonly string[]): string | undefined {
  const wanted = normalize(name)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(wanted, normalize(candidate))
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}
