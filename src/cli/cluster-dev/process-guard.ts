// PostgreSQL does not watch who started it. This does: a shell waits for the end of our side of a pipe, which comes
// with the end of this process, be it by kill -9.
import { spawn } from 'node:child_process'
import type { PostgresUser } from './find-postgres.ts'

/**
 * A standby goes after its primary, whose commits wait for it: nodes that stop by themselves have some to make.
 * First it waits until its clients have gone, as such nodes do; then it does not.
 */
const script = `read -r _
looks=0
while [ -n "$2" ] && [ $looks -lt 100 ] && kill -0 "$(head -n 1 "$2")"; do
  looks=$((looks + 1))
  sleep 0.2
done
kill -TERM "$1" || exit
looks=0
while kill -0 "$1"; do
  looks=$((looks + 1))
  if [ $looks = 50 ]; then kill -INT "$1"; fi
  if [ $looks = 100 ]; then kill -KILL "$1"; fi
  sleep 0.2
done`

export interface Guarded {
  readonly pid: number
  readonly user: PostgresUser | undefined
  /** File whose first line is the process that has to end before. */
  readonly after: string | undefined
}

/** Ends PostgreSQL when this process has ended. The result is disposed of when PostgreSQL has ended before. */
export function guardProcess({ pid, user, after = '' }: Guarded): Disposable {
  const guard = spawn('/bin/sh', ['-c', script, 'sh', `${pid}`, after], {
    // Ctrl-C is for us.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    ...user,
  })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  return {
    [Symbol.dispose]() {
      guard.kill('SIGKILL')
      guard.stdin.destroy()
    },
  }
}
