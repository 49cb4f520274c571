// First step of every npm script: makes node_modules agree with package-lock.json, or does nothing
// within a few milliseconds. Plain JavaScript for Node 18, because it runs before the pinned Node
// (a devDependency) is there. Everything it prints goes to stderr.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const stampFile = path.join(root, 'node_modules', '.cache', 'pabal-setup')
const lockFile = path.join(root, '.cache', 'setup.lock')
const pinnedNode = path.join(root, 'node_modules', '.bin', 'node')

/** What node_modules must have been installed from; the platform counts because Node is in there. */
function wantedStamp() {
  const lock = readFileSync(path.join(root, 'package-lock.json'))
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`
}

function installedStamp() {
  return existsSync(stampFile) && existsSync(pinnedNode) ? readFileSync(stampFile, 'utf8') : ''
}

/** Runs the npm that started us, or the one on the path. */
function runNpm(args) {
  const own = process.env.npm_execpath ?? ''
  const isNpm = path.basename(own).startsWith('npm')
  const [command, prefix] = isNpm ? [process.execPath, [own]] : ['npm', []]
  return spawnSync(command, [...prefix, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
}

function install() {
  process.stderr.write('pabal: installing what package-lock.json names (once)\n')
  const done = runNpm([
    'ci',
    '--include=dev',
    '--ignore-scripts=false',
    '--engine-strict=false',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ])
  if (done.error) throw done.error
  if (done.signal) return 1
  return done.status ?? 1
}

/** Writes the stamp last, so an interrupted installation is done again. */
function writeStamp() {
  mkdirSync(path.dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, stamp)
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

/** One installation at a time: two `npm ci` in one folder break each other. */
function lock() {
  mkdirSync(path.dirname(lockFile), { recursive: true })
  for (let waits = 0; ; waits++) {
    try {
      return writeFileSync(lockFile, `${process.pid}\n`, { flag: 'wx' })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isStale(Number(readLockHolder()))) rmSync(lockFile, { force: true })
    else if (waits === 0)
      process.stderr.write(
        `pabal: waiting for another installation (if there is none, remove ${lockFile})\n`,
      )
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

/** A lock that vanishes meanwhile, or is not written yet, is looked at again. */
function readLockHolder() {
  try {
    return readFileSync(lockFile, 'utf8').trim() || process.pid
  } catch {
    return process.pid
  }
}

function installOnce() {
  lock()
  try {
    if (installedStamp() === stamp) return
    const code = install()
    if (code === 0) return writeStamp()
    process.stderr.write('pabal: npm ci failed (see above); mend that and run the command again\n')
    process.exitCode = code
  } finally {
    rmSync(lockFile, { force: true })
  }
}

const stamp = wantedStamp()
if (installedStamp() !== stamp) installOnce()
