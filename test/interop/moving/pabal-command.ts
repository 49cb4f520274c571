import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../../../src/main.ts')

/** A `pabal` as an installed package has it; returns its folder. */
export function writePabalCommand(folder: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const file = join(bin, 'pabal')
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(file, 0o755)
  return bin
}
