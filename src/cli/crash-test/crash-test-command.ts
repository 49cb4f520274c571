// `pabal crash-test`: whether this machine, this disk and this broker keep what was confirmed.
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { systemRandom } from '../../lib/random.ts'
import { crashTestLimits } from '../../limits/crash-test.ts'
import type { Action, AddCommand } from '../remote-command.ts'
import { outputOption, readFormat, type Row, showOne } from '../show-rows.ts'
import type { Terminal } from '../terminal.ts'
import type { Verdict } from './delivery-book.ts'
import { type DiskTimes, isInMemory, percentile, probeDisk } from './disk-probe.ts'
import { OwnBroker } from './own-broker.ts'
import { type CrashPlan, type CrashResult, runCrashTest } from './run-crash-test.ts'

interface Flags {
  readonly data?: string
  readonly seconds?: string
  readonly rounds?: string
  readonly publishers?: string
  readonly output?: string
}

const { secondsMax, roundsMax, publishersMax, namedMax } = crashTestLimits

export const addCrashTestCommand: AddCommand = (command, _remote, local) => {
  local(command, '', { run: (_operands, flags) => crashTest(flags) })
    .option('--data <FOLDER>', 'On the disk of this folder, in a new one in it (default: .)')
    .option('--seconds <N>', 'How long clients publish and consume (default: 20)')
    .option('--rounds <N>', 'How often the broker is killed meanwhile (default: 10)')
    .option('--publishers <N>', 'Each with a queue and a consumer (default: 4)')
    .option(...outputOption)
    .addHelpText(
      'after',
      `
It starts brokers of its own, on free ports and a new folder that it removes, kills them with
kill -9 and starts them again. No broker and no data that are there are touched.
It ends with 70 when something that was confirmed is lost, doubled, damaged or out of order; the
folder is kept then.`,
    )
}

function crashTest(flags: Flags): Action {
  const format = readFormat(flags.output)
  const plan = {
    seconds: parseNumber('seconds', flags.seconds ?? '20', secondsMax),
    rounds: parseNumber('rounds', flags.rounds ?? '10', roundsMax),
    publishers: parseNumber('publishers', flags.publishers ?? '4', publishersMax),
  }
  return async ({ terminal }) => {
    const place = path.resolve(flags.data ?? '.')
    const folder = makeFolder(place)
    let isKept = false
    try {
      if (isInMemory(folder)) {
        terminal.tell(`${place} is in memory: what is kept there, no power cut would leave`)
      }
      const disk = probeDisk(systemClock, folder)
      const result = await runIn(folder, plan, terminal)
      const row = rowOf(result, disk)
      await showOne(
        { title: 'tests', columns: Object.keys(row), heads, nameKey: 'lost', row },
        format,
        terminal,
      )
      isKept = !isSound(row)
      tellVerdict(result, row, { terminal, folder })
      return isKept ? exitCodes.software : exitCodes.ok
    } finally {
      if (!isKept) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

/** Ends the broker in any case, and when somebody presses Ctrl-C, too. */
async function runIn(folder: string, plan: CrashPlan, terminal: Terminal): Promise<CrashResult> {
  const broker = new OwnBroker(systemClock, folder)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  try {
    return await runCrashTest(plan, {
      clock: systemClock,
      random: systemRandom,
      broker,
      signal: stop.signal,
      onRound: (round) => terminal.showProgress(`Round ${round} of ${plan.rounds}`),
    })
  } catch (error) {
    // Ctrl-C reaches the broker as well, and what talks to it fails.
    if (stop.signal.aborted) throw new ExitError(exitCodes.tryLater, 'stopped before the end')
    throw error
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
    await broker.kill()
  }
}

/** Never one that is there. */
function makeFolder(place: string): string {
  try {
    return mkdtempSync(path.join(place, 'pabal-crash-test-'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(exitCodes.cannotCreate, `no folder can be made in ${place}: ${reason}`)
  }
}

const heads = {
  cameAgain: 'came again',
  outOfOrder: 'out of order',
  restartMs: 'restart ms, half of them',
  restartMsMax: 'restart ms, longest',
  fsyncMs: 'fsync ms, half of them',
  fsyncMsP99: 'fsync ms, 99 of 100',
}

interface CrashRow extends Row {
  readonly lost: number
  readonly doubled: number
  readonly outOfOrder: number
  readonly damaged: number
}

function rowOf({ kills, verdicts, restartMs }: CrashResult, disk: DiskTimes): CrashRow {
  const sum = (of: (verdict: Verdict) => number): number =>
    verdicts.reduce((total, verdict) => total + of(verdict), 0)
  return {
    kills,
    confirmed: sum(({ confirmed }) => confirmed),
    lost: sum(({ lost }) => lost.length),
    doubled: sum(({ doubled }) => doubled),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    damaged: sum(({ damaged }) => damaged),
    cameAgain: sum(({ cameAgain }) => cameAgain),
    restartMs: Math.round(percentile(restartMs, 50)),
    restartMsMax: Math.round(percentile(restartMs, 100)),
    fsyncMs: round(disk.p50),
    fsyncMsP99: round(disk.p99),
  }
}

function isSound({ lost, doubled, outOfOrder, damaged }: CrashRow): boolean {
  return lost + doubled + outOfOrder + damaged === 0
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}

function tellVerdict(
  { verdicts }: CrashResult,
  row: CrashRow,
  { terminal, folder }: { readonly terminal: Terminal; readonly folder: string },
): void {
  const { tell } = terminal
  if (isSound(row)) {
    tell('Nothing that was confirmed was lost, doubled, damaged or out of order.')
    tell('What came again was acked so late that the broker was killed before it knew.')
    return
  }
  for (const [index, { lost }] of verdicts.entries()) {
    if (lost.length === 0) continue
    const named = lost.slice(0, namedMax).join(', ')
    const others = lost.length > namedMax ? ', …' : ''
    tell(`Lost of queue crash-test.${index}: messages ${named}${others}`)
  }
  tell(`The broker broke its promise. Its data is kept in ${folder}; please report it.`)
}

function parseNumber(name: string, text: string, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= max) return number
  throw new ExitError(
    exitCodes.usage,
    `--${name} cannot be '${text}': use a number from 1 to ${max}`,
  )
}
