// A window of a log whose records are elsewhere, for those who read it record by record.
import { logLimits } from '../limits/log.ts'
import type { Log } from './log.ts'
import type { Run } from './run.ts'
import { LogWindow, type WindowListener } from './windows.ts'

/** What is at `offset` and after it; undefined when the log is gone. Its runs are retained for the window. */
export async function readOriginWindow(
  log: Log,
  offset: number,
  listener?: WindowListener,
): Promise<LogWindow | undefined> {
  const { endOffset } = log
  const runs = await readPatiently(log, offset)
  if (log.isDeleted) {
    for (const run of runs) run.release()
    return undefined
  }
  const start = Math.min(runs[0]?.baseOffset ?? offset, offset)
  // Without a run nothing exists up to where the log ended when it was asked.
  const end = (runs.at(-1)?.lastOffset ?? endOffset - 1) + 1
  return new LogWindow({ runs, start, end, ...(listener && { listener }) })
}

/** An origin that is away delays it. */
async function readPatiently(log: Log, offset: number): Promise<readonly Run[]> {
  while (!log.isDeleted) {
    try {
      return (await log.origin?.readRuns(offset, logLimits.coldReadSizeMax, false)) ?? []
    } catch {
      // It has tried for some time.
    }
  }
  return []
}
