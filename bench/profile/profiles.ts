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

/** Flags that make Node write profiles into the folder when the process ends on SIGTERM. */
export function profilingFlags({ folder, withAllocations }: ProfileSettings): string[] {
  const absolute = resolve(folder)
  mkdirSync(absolute, { recursive: true })
  const flags = ['--cpu-prof', `--cpu-prof-dir=${absolute}`, `--cpu-prof-interval=${SAMPLING_US}`]
  if (!withAllocations) return flags
  const sampler = pathToFileURL(join(import.meta.dirname, 'sample-allocations.ts'))
  sampler.searchParams.set('folder', absolute)
  return [...flags, `--import=${sampler.href}`]
}

/**
 * Gives the profiles that were written since the last call the name of the run they belong to, and
 * returns their top functions as text. Time counts only inside `window`, when there is one.
 */
export function takeProfiles(
  { folder }: ProfileSettings,
  run: string,
  window: TimeWindow | undefined,
): string {
  const texts: string[] = []
  // The main thread is thread 0: CPU.<date>.<time>.<pid>.<thread>.<sequence>.cpuprofile
  for (const file of globSync(join(folder, 'CPU.*.0.*.cpuprofile')).toSorted()) {
    texts.push(topByTime(renameFor(file, run), window))
  }
  for (const file of globSync(join(folder, 'Allocations.*.heapprofile')).toSorted()) {
    texts.push(topByAllocation(renameFor(file, run)))
  }
  return texts.join('\n\n')
}

function renameFor(file: string, run: string): string {
  const name = join(file, '..', `${run}.${basename(file)}`)
  renameSync(file, name)
  return name
}
