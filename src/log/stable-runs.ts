import type { Log } from './log.ts'
import type { Run } from './run.ts'

/** Those of `runs`, which were just read and retained, that readers of messages may see; the others are released. */
export function stableRuns({ unstableFrom }: Log, runs: readonly Run[]): readonly Run[] {
  if (unstableFrom === Infinity) return runs
  const end = runs.findIndex(({ baseOffset }) => baseOffset >= unstableFrom)
  if (end < 0) return runs
  for (const run of runs.slice(end)) run.release()
  return runs.slice(0, end)
}
