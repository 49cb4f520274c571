import { execFileSync } from 'node:child_process'

const HEX_DIGITS = 8

/** A number that differs from commit to commit. @throws Error outside of a clone. */
export function commitNumber(): number {
  const hash = execFileSync('git', ['rev-parse', 'HEAD'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  return Number.parseInt(hash.slice(0, HEX_DIGITS), 16)
}
