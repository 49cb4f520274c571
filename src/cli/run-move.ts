// Runs a move in this process: shows how far it is, lets Ctrl-C end it in good order, and reports.
import { keepProcessAlive, systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { moveLimits } from '../limits/move.ts'
import { MoveError } from '../move/move-error.ts'
import type { MovePart } from '../move/move-part.ts'
import { Mover } from '../move/mover.ts'
import type { MoveFlags } from './move-flags.ts'
import { MoveProgress, totalsOf } from './move-progress.ts'
import { showRows } from './show-rows.ts'
import { sizeText } from './size-text.ts'
import type { Terminal } from './terminal.ts'

export interface MoveRun extends Pick<MoveFlags, 'rate' | 'keepsRunning' | 'format'> {
  readonly parts: readonly MovePart[]
  /** Taken at once; left out, only bytes count. */
  readonly recordsAtOnce?: number
  /** What is moved, as people say it: `messages`. */
  readonly unit: string
  /** What a part is: `queue`. */
  readonly kind: string
  /** Called when it has ended in good order, before the report. */
  readonly atEnd?: () => Promise<void>
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const

/** Resolves when it has ended in good order. Rejects with an `ExitError` that says how to go on. */
export async function runMove(run: MoveRun, terminal: Terminal): Promise<ExitCode> {
  const { parts, rate, keepsRunning, unit, recordsAtOnce } = run
  const progress = new MoveProgress(systemClock, process.stderr, unit)
  const mover = new Mover(parts, {
    clock: systemClock,
    rate,
    keepsRunning,
    ...(recordsAtOnce !== undefined && { recordsAtOnce }),
    onProgress: () => progress.show(mover.progress),
  })
  const alive = keepProcessAlive()
  const ticks = systemClock.every(moveLimits.progressMs, () => progress.show(mover.progress))
  let isStopped = false
  const stop = (): void => {
    isStopped = true
    mover.stop()
  }
  // The second one ends the process, as it does without us.
  for (const signal of stopSignals) process.once(signal, stop)
  try {
    await mover.run()
    await run.atEnd?.()
  } catch (error) {
    throw error instanceof MoveError ? explain(error, mover, run) : error
  } finally {
    for (const signal of stopSignals) process.removeListener(signal, stop)
    ticks.stop()
    alive.stop()
    progress.end()
  }
  await report(run, mover, terminal)
  if (isStopped) terminal.tell('Stopped: give the same command again to go on')
  return exitCodes.ok
}

async function report(
  { format, kind, unit }: MoveRun,
  mover: Mover,
  terminal: Terminal,
): Promise<void> {
  const rows = mover.progress.map(({ name, state, records, bytes, left }) => ({
    [kind]: name,
    state,
    [unit]: records,
    bytes,
    left: left ?? null,
  }))
  const columns = [kind, 'state', unit, 'bytes', 'left']
  await showRows({ title: `${kind}s to move`, columns, rows }, format, terminal)
}

/** What has been moved stays moved, so that is said, too, where there is any. */
function explain(error: MoveError, mover: Mover, { unit }: MoveRun): ExitError {
  const { records, bytes } = totalsOf(mover.progress)
  if (records === 0) return new ExitError(exitCodeOf(error), error.message, { cause: error })
  const moved = `${records} ${unit} (${sizeText(bytes)}) were moved before; give the same command again to go on`
  return new ExitError(exitCodeOf(error), `${error.message}; ${moved}`, { cause: error })
}

export function exitCodeOf({ kind }: MoveError): ExitCode {
  return {
    unreachable: exitCodes.unavailable,
    missing: exitCodes.noInput,
    denied: exitCodes.notPermitted,
    refused: exitCodes.dataDamaged,
  }[kind]
}
