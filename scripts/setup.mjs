// First step of every npm script: makes node_modules agree with package-lock.json, or does nothing
// within a few milliseconds. Plain JavaScript for Node 18, because it runs before the pinned Node
// (a devDependency) is there. Everything it prints goes to stderr. With --ui it also builds the web pages and the
// documentation when their sources have changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { areDocsBuilt } from './docs-stamp.mjs'
import { oneAtATime } from './one-at-a-time.mjs'
import { isUiBuilt } from './ui-stamp.mjs'

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

function installOnce() {
  return oneAtATime(lockFile, 'another installation', () => {
    if (installedStamp() === stamp) return
    const code = install()
    if (code === 0) return writeStamp()
    process.stderr.write('pabal: npm ci failed (see above); mend that and run the command again\n')
    process.exitCode = code
  })
}

/** What fails there is told, and no reason not to go on: a broker works without its web pages. */
function buildPages() {
  if (!isUiBuilt()) runScript('build-ui.mjs')
  if (!areDocsBuilt()) runScript('build-docs.ts')
}

function runScript(name) {
  const script = path.join(root, 'scripts', name)
  spawnSync(pinnedNode, [script], { cwd: root, stdio: ['ignore', 2, 2] })
}

const stamp = wantedStamp()
// Two `npm ci` in one folder break each other.
if (installedStamp() !== stamp) await installOnce()
if (process.argv.includes('--ui') && !process.exitCode) buildPages()
