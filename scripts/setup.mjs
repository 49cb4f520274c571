// First step of every npm script: makes node_modules agree with package-lock.json, or does nothing
// within a few milliseconds. Plain JavaScript for Node 18, because it runs before the pinned Node
// (a devDependency) is there. Everything it prints goes to stderr.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const stampFile = path.join(root, 'node_modules', '.cache', 'pabal-setup')
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
  const done = runNpm(['ci', '--include=dev', '--ignore-scripts=false', '--engine-strict=false'])
  if (done.error) throw done.error
  if (done.signal) return 1
  return done.status ?? 1
}

/** Writes the stamp last, so an interrupted installation is done again. */
function writeStamp(stamp) {
  mkdirSync(path.dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, stamp)
}

const stamp = wantedStamp()
if (installedStamp() !== stamp) {
  const code = install()
  if (code === 0) writeStamp(stamp)
  else
    process.stderr.write('pabal: npm ci failed (see above); mend that and run the command again\n')
  process.exitCode = code
}
