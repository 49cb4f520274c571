// Runs brokers with tiny log files, so that files are sealed, cleaned and retired all the time.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const smallFiles = pathToFileURL(join(import.meta.dirname, 'small-files.ts')).href

/** Brokers that `run` starts have small files, if asked for. */
export async function withSmallFiles<T>(isAsked: boolean, run: () => Promise<T>): Promise<T> {
  const inherited = process.env['NODE_OPTIONS']
  if (isAsked) process.env['NODE_OPTIONS'] = `--import=${smallFiles}`
  try {
    return await run()
  } finally {
    if (inherited === undefined) delete process.env['NODE_OPTIONS']
    else process.env['NODE_OPTIONS'] = inherited
  }
}
