// Brings a suite at its commit into a copy of its own, with what it needs installed.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runDownload, runTool } from '../interop/run-tool.ts'
import type { Suite } from './suite.ts'

const cache: string = join(import.meta.dirname, '../../.cache/suites')

/** Clones what is not there yet into the folder of checkouts. */
export async function clone(suite: Suite, checkouts: string): Promise<void> {
  const folder = join(checkouts, suite.name)
  if (suite.isModule || existsSync(folder)) return
  mkdirSync(checkouts, { recursive: true })
  await runDownload({
    what: `clone of ${suite.repository}`,
    command: 'git',
    args: ['clone', '--quiet', suite.repository, suite.name],
    folder: checkouts,
  })
}

/** True when the machine has what the suite is written in. */
export function hasLanguage({ language }: Suite): boolean {
  return spawnSync(language.command, language.args, { stdio: 'ignore' }).status === 0
}

/**
 * A folder with the suite at its commit, ready to run; it is made once.
 * @throws Error when the checkout does not have the commit, or something does not install.
 */
export async function checkout(suite: Suite, checkouts: string): Promise<string> {
  const folder = join(cache, `${suite.name}-${suite.commit.slice(0, 12)}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(`${folder}-`)
  try {
    if (!suite.isModule) {
      await git(suite, ['clone', '--quiet', '--no-checkout', join(checkouts, suite.name), making])
      await git(suite, ['-C', making, 'checkout', '--quiet', '--detach', suite.commit])
    }
    for (const call of suite.prepare)
      await runDownload({ what: `preparation of ${suite.name}`, ...call, folder: making })
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    throw error
  }
  return folder
}

function git(suite: Suite, args: readonly string[]): Promise<void> {
  return runTool({ what: `checkout of ${suite.name}`, command: 'git', args, folder: cache })
}
