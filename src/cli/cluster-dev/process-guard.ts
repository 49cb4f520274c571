// PostgreSQL does not watch who started it. This does: a shell waits for the end of our side of a pipe, which comes
// with the end of this process, be it by kill -9.
import { spawn } from 'node:child_process'
import type { PostgresUser } from './find-postgres.ts'

/** First it waits until its clients have gone, as nodes do that stop by themselves; then it does not. */
const script = `read -r _
kill -TERM "$1" || exit
looks=0
while kill -0 "$1"; do
  looks=$((looks + 1))
  if [ $looks = 50 ]; then kill -INT "$1"; fi
  if [ $looks = 100 ]; then kill -KILL "$1"; fi
  sleep 0.2
done`

/** Ends PostgreSQL when this process has ended. The result is disposed of when PostgreSQL has ended before. */
export function guardProcess(pid: number, user: PostgresUser | undefined): Disposable {
  const guard = spawn('/bin/sh', ['-c', script, 'sh', `${pid}`], {
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
