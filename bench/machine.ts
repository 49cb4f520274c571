import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'

/** Where the figures come from, as far as it tells without naming anybody's computer. */
export type Machine = {
  readonly cpu: string
  readonly cpus: number
  readonly memoryGb: number
  readonly kernel: string
  readonly node: string
  /** Commit of this checkout; ends in `-dirty` when files differ from it. */
  readonly commit: string
}

export function describeMachine(): Machine {
  const all = cpus()
  const git = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  return {
    cpu: all[0]?.model ?? 'unknown',
    cpus: all.length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    commit: git.status === 0 ? git.stdout.trim() : 'unknown',
  }
}
