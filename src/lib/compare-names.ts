/** The order of names in tables: by their code units, the same in every language. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
