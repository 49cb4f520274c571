/** Profiles of a broker that runs on Node: how to have them written, and what they say. */
import { globSync, mkdirSync, renameSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type TimeWindow, topByAllocation, topByTime } from './top-functions.ts'

export type ProfileSettings = {
  /** Where the profiles go, whole, for other tools to open. */
  readonly folder: string
  /** Also what was allocated by whom; it slows the broker down. */
  readonly withAllocations: boolean
}

const SAMPLING_US = 500
/** CPU.<date>.<time>.<pid>.<thread>.<sequence>.cpuprofile */
const MAIN_THREAD = /\.0\.\d+\.cpuprofile$/

/** From now on every Node process started with this one's environment writes profiles at its exit. */
export function profileNodeChildren({ folder, withAllocations }: ProfileSettings): void {
  const absolute = resolve(folder)
  mkdirSync(absolute, { recursive: true })
  const options = [
    '--cpu-prof',
    `--cpu-prof-dir="${absolute}"`,
    `--cpu-prof-interval=${SAMPLING_US}`,
  ]
  if (withAllocations) {
    const sampler = pathToFileURL(join(import.meta.dirname, 'sample-allocations.ts'))
    sampler.searchParams.set('folder', absolute)
    options.push(`--import=${sampler.href}`)
  }
  process.env['NODE_OPTIONS'] = options.join(' ')
}

/**
 * Gives the profiles that were written since the last call the name of the run they belong to, and
 * returns their top functions as text. Of a run whose last report tells its measured window, only
 * the time inside it counts.
 */
export function takeProfiles(
  { folder }: ProfileSettings,
  run: string,
  reports: Readonly<Record<string, object>> | undefined,
): string {
  const texts: string[] = []
  const window = windowOf(Object.values(reports ?? {}).at(-1))
  for (const file of globSync(join(folder, 'CPU.*.cpuprofile')).toSorted()) {
    const named = renameFor(file, run)
    if (MAIN_THREAD.test(file)) texts.push(topByTime(named, window))
  }
  for (const file of globSync(join(folder, 'Allocations.*.heapprofile')).toSorted()) {
    texts.push(topByAllocation(renameFor(file, run)))
  }
  return texts.join('\n\n')
}

function windowOf(report: object | undefined): TimeWindow | undefined {
  if (report === undefined || !('window' in report)) return undefined
  return report.window as TimeWindow
}

function renameFor(file: string, run: string): string {
  const name = join(file, '..', `${run}.${basename(file)}`)
  renameSync(file, name)
  return name
}
