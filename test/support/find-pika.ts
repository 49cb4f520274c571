// Finds a Python with pika for the tests that run Python programs: the machine's own, else pika
// installed by pip into node_modules/.cache. Without Python or pip those tests are skipped; with
// PABAL_REQUIRE_ALL=1 they fail instead.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const PIKA_VERSION = '1.4.4'
const cache = join(import.meta.dirname, '../../node_modules/.cache/pabal')
const installed = join(cache, `pika-${PIKA_VERSION}`)

/** How to start Python so that `import pika` works. */
export interface PikaPython {
  readonly command: string
  readonly env: NodeJS.ProcessEnv
}

export type PikaSearch = { readonly python: PikaPython } | { readonly missing: string }

/**
 * Never throws for a missing Python or pip: `missing` says what is.
 * @throws Error with that text when PABAL_REQUIRE_ALL=1.
 */
export async function findPika(): Promise<PikaSearch> {
  const search = await lookForPika()
  if ('missing' in search && process.env['PABAL_REQUIRE_ALL'] === '1')
    throw new Error(`PABAL_REQUIRE_ALL=1, but ${search.missing}`)
  return search
}

async function lookForPika(): Promise<PikaSearch> {
  const own = { command: 'python3', env: process.env }
  if (await succeeds(own, ['-c', 'import pika'])) return { python: own }
  const path = { PYTHONPATH: installed, PYTHONDONTWRITEBYTECODE: '1' }
  const cached = { command: 'python3', env: { ...process.env, ...path } }
  if (!existsSync(installed)) {
    const failure = await install()
    if (failure) return { missing: failure }
  }
  if (await succeeds(cached, ['-c', 'import pika'])) return { python: cached }
  return { missing: `python3 cannot import pika from ${installed}` }
}

/** Installs beside the final folder and renames, because test files run at the same time. */
async function install(): Promise<string | undefined> {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'pika-'))
  const pip = ['-m', 'pip', 'install', '--quiet', '--target', folder, `pika==${PIKA_VERSION}`]
  try {
    await run('python3', pip)
    renameSync(folder, installed)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    if (!existsSync(installed))
      return `pika ${PIKA_VERSION} could not be installed: ${(error as Error).message}`
  }
  return undefined
}

async function succeeds(python: PikaPython, args: readonly string[]): Promise<boolean> {
  return run(python.command, args, { env: python.env }).then(
    () => true,
    () => false,
  )
}
