// What must not be done twice at once in one clone, such as an installation: others wait until it is done.
// Plain JavaScript for Node 18, like what uses it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Does `work` while nobody else has the lock; `what` says to those who wait what they wait for. */
export async function oneAtATime(lockFile, what, work) {
  lock(lockFile, what)
  try {
    return await work()
  } finally {
    rmSync(lockFile, { force: true })
  }
}

function lock(lockFile, what) {
  mkdirSync(path.dirname(lockFile), { recursive: true })
  for (let waits = 0; ; waits++) {
    try {
      return writeFileSync(lockFile, `${process.pid}\n`, { flag: 'wx' })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isStale(Number(readLockHolder(lockFile)))) rmSync(lockFile, { force: true })
    else if (waits === 0)
      process.stderr.write(`pabal: waiting for ${what} (if there is none, remove ${lockFile})\n`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

/** Whether the process that holds the lock is gone. */
function isStale(pid) {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

/** A lock that vanishes meanwhile, or is not written yet, is looked at again. */
function readLockHolder(lockFile) {
  try {
    return readFileSync(lockFile, 'utf8').trim() || process.pid
  } catch {
    return process.pid
  }
}
