// Brokers under conditions that show what is wrong more often: modules that are loaded into them first.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Conditions {
  /** Tiny log files: they are sealed, cleaned and retired all the time. */
  readonly hasSmallFiles: boolean
  /** Writes reach the system late: a kill loses what was answered too early. */
  readonly hasSlowDisk?: boolean
}

/** Brokers that `run` starts have these conditions. */
export async function withPreloads<T>(conditions: Conditions, run: () => Promise<T>): Promise<T> {
  const inherited = process.env['NODE_OPTIONS']
  const files: string[] = []
  if (conditions.hasSmallFiles) files.push('small-files.ts')
  if (conditions.hasSlowDisk) files.push('slow-disk.ts')
  const imports = files.map((file) => {
    return `--import=${pathToFileURL(join(import.meta.dirname, file)).href}`
  })
  if (imports.length > 0) process.env['NODE_OPTIONS'] = imports.join(' ')
  try {
    return await run()
  } finally {
    if (inherited === undefined) delete process.env['NODE_OPTIONS']
    else process.env['NODE_OPTIONS'] = inherited
  }
}

/** The flags of npm run crash that ask for these conditions. */
export function flagsOf({ hasSmallFiles, hasSlowDisk = false }: Conditions): string[] {
  return [...(hasSmallFiles ? ['--small-files'] : []), ...(hasSlowDisk ? ['--slow-disk'] : [])]
}
