// The Python that runs pika programs. `npm test` finds or makes one (scripts/prepare-pika.mjs); a test
// file that is run alone takes what an earlier run made, or the machine's own.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

const prepared: string = path.join(import.meta.dirname, '../../.cache/python/bin/python3')

function findPython(): string {
  return process.env['PABAL_TEST_PYTHON'] ?? (existsSync(prepared) ? prepared : 'python3')
}

/** Command that starts Python. */
export const python: string = findPython()

const hasPika: boolean = spawnSync(python, ['-c', 'import pika']).status === 0

/** Test options: skipped where pika is missing; .ci/run counts that as a failure. */
export const needsPika: { readonly skip: string | false } = {
  skip: hasPika ? false : 'needs Python with pika: run npm test once, or pip install pika',
}
