// Finds or builds what the clients of each language need, in .cache/interop. What is not there is a
// reason to skip; what is there and does not build is an error.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runDownload, runTool } from './run-tool.ts'

const here: string = import.meta.dirname
const cache: string = join(here, '../../.cache/interop')

/** How to start a client, or what is missing for it. */
export type Preparation =
  | {
      readonly command: string
      readonly args: readonly string[]
      /** Variables of the environment to add. */
      readonly env?: Readonly<Record<string, string>>
    }
  | { readonly missing: string }

/** True when a command is there and succeeds. */
export function has(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

const javaSources: string = join(here, 'java')

const builds = new Map<string, Promise<void>>()

/** Builds once for all clients of a language. */
async function once(language: string, make: () => Promise<void>): Promise<void> {
  const started = builds.get(language) ?? make()
  builds.set(language, started)
  return started
}

export async function findNode(library: string, file: string): Promise<Preparation> {
  try {
    import.meta.resolve(library)
  } catch {
    return { missing: `npm package ${library}` }
  }
  return { command: process.execPath, args: [file] }
}

export async function findKcat(file: string): Promise<Preparation> {
  if (!has('kcat', '-V')) return { missing: 'kcat (Debian package kcat)' }
  return { command: process.execPath, args: [file] }
}

export async function findMosquitto(file: string): Promise<Preparation> {
  // Asked for help, they end with 1.
  if (!has('sh', '-c', 'command -v mosquitto_pub && command -v mosquitto_sub'))
    return { missing: 'mosquitto_pub (Debian package mosquitto-clients)' }
  return { command: process.execPath, args: [file] }
}

const clientRequirements: string = join(here, 'python/requirements.txt')
const quietPip = ['--quiet', '--disable-pip-version-check', '--no-input']

export async function preparePython(file: string): Promise<Preparation> {
  const python = await findPython()
  return 'missing' in python ? python : { ...python, args: [join(here, 'python', file)] }
}

/** Python in a virtual environment with the libraries, made again when their list changes. */
export async function findPython(requirements: string = clientRequirements): Promise<Preparation> {
  if (!has('python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 11))'))
    return { missing: 'python3, 3.11 or newer' }
  if (!has('python3', '-c', 'import venv, ensurepip')) return { missing: 'python3-venv' }
  const folder = await makeOnce('python', requirements, (making) => makeVenv(making, requirements))
  return { command: join(folder, 'bin/python'), args: [] }
}

async function makeVenv(making: string, requirements: string): Promise<void> {
  const venv = ['-m', 'venv', making]
  await runTool({ what: 'python3 -m venv', command: 'python3', args: venv, folder: here })
  await runDownload({
    what: 'installation of the Python libraries',
    command: join(making, 'bin/python'),
    args: ['-m', 'pip', 'install', ...quietPip, '--requirement', requirements],
    folder: here,
  })
}

/**
 * A folder in the cache for what `list` names, made again when that file changes. It is made beside
 * its place and renamed: test files that run at the same time share it.
 */
export async function makeOnce(
  name: string,
  list: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(list)).digest('hex')
  const folder = join(cache, `${name}-${hash.slice(0, 12)}`)
  await once(folder, async () => {
    if (existsSync(folder)) return
    mkdirSync(cache, { recursive: true })
    const making = mkdtempSync(`${folder}-`)
    try {
      await make(making)
      renameSync(making, folder)
    } catch (error) {
      rmSync(making, { recursive: true, force: true })
      if (!existsSync(folder)) throw error
    }
  })
  return folder
}

export async function buildJava(
  program: string,
  folder: string = javaSources,
): Promise<Preparation> {
  return buildJavaInto(program, folder, join(cache, relative(here, folder).replaceAll('/', '-')))
}

/** With Kafka's client of its last version 3: the profile of that name in java/pom.xml says which programs there are. */
export async function buildJavaOfKafka3(program: string): Promise<Preparation> {
  return buildJavaInto(program, javaSources, join(cache, 'java-kafka-3'), ['-Pkafka-3'])
}

async function buildJavaInto(
  program: string,
  folder: string,
  target: string,
  settings: readonly string[] = [],
): Promise<Preparation> {
  if (!has('javac', '--release', '17', '-version')) return { missing: 'a JDK, 17 or newer' }
  if (!has('mvn', '-v')) return { missing: 'Maven' }
  await once(target, () => makeJava(folder, target, settings))
  const classes = `${join(target, 'classes')}:${join(target, 'dependency')}/*`
  return { command: 'java', args: ['-Xmx256m', '-XX:+UseSerialGC', '-cp', classes, program] }
}

/** Unless these sources have been built: Maven takes seconds to find out by itself. */
async function makeJava(
  folder: string,
  target: string,
  settings: readonly string[],
): Promise<void> {
  const stamp = join(target, 'built-of')
  const sources = `${hashOf(folder)} ${settings.join(' ')}`
  await alone(target, async () => {
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return
    await compileJava(folder, target, settings)
    writeFileSync(stamp, sources)
  })
}

/** Of all files in a folder. */
function hashOf(folder: string): string {
  const hash = createHash('sha256')
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  for (const file of files.map(({ parentPath, name }) => join(parentPath, name)).toSorted())
    hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

const LOCK_MS_MAX = 10 * 60_000

/** Test files that run at the same time build one after the other. */
async function alone(target: string, build: () => Promise<void>): Promise<void> {
  const lock = `${target}.lock`
  mkdirSync(cache, { recursive: true })
  while (!tryLock(lock)) {
    const { mtimeMs = 0 } = statSync(lock, { throwIfNoEntry: false }) ?? {}
    // Whoever had it was killed.
    if (Date.now() - mtimeMs > LOCK_MS_MAX) rmSync(lock, { recursive: true, force: true })
    else await delay(100)
  }
  try {
    await build()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function tryLock(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    return false
  }
}

/** Maven downloads its plugins as it goes, so one call does both. */
async function compileJava(folder: string, target: string, more: readonly string[]): Promise<void> {
  const settings = ['--quiet', '--batch-mode', `-Dinterop.target=${target}`, ...more]
  const call = {
    what: 'download and build of the Java programs',
    command: 'mvn',
    args: [...settings, '--update-snapshots', 'compile', 'dependency:copy-dependencies'],
    folder,
  }
  await runDownload(call, (output) => output.includes('COMPILATION ERROR'))
}

export async function buildGo(program: string): Promise<Preparation> {
  if (!has('go', 'version')) return { missing: 'Go' }
  if (isGoTooOld()) return { missing: 'a Go as new as test/interop/go/go.mod names' }
  const folder = join(cache, 'go')
  mkdirSync(folder, { recursive: true })
  await once('go', () => compileGo(folder))
  return { command: join(folder, program), args: [] }
}

const goSources: string = join(here, 'go')

/** A Go from 1.21 on fetches the one it needs, unless it was told not to. */
function isGoTooOld(): boolean {
  const { stderr } = spawnSync('go', ['list', '-m'], { cwd: goSources, encoding: 'utf8' })
  return /requires go >=|invalid go version/.test(stderr)
}

async function compileGo(folder: string): Promise<void> {
  const go = { command: 'go', folder: goSources }
  await runDownload({
    ...go,
    what: 'download of the Go libraries',
    args: ['mod', 'download'],
  })
  await runTool({
    ...go,
    what: 'build of the Go clients',
    args: ['build', '-p', '2', '-o', `${folder}/`, './...'],
  })
}

export async function buildRust(program: string): Promise<Preparation> {
  if (!has('cargo', '--version')) return { missing: 'Rust' }
  const target = join(cache, 'rust')
  const call = {
    what: 'download and build of the Rust clients',
    command: 'cargo',
    args: ['build', '--quiet', '--locked', '--target-dir', target],
    folder: join(here, 'rust'),
  }
  await once('rust', () => runTool(call))
  return { command: join(target, 'debug', program), args: [] }
}

/** A program that its authors publish as a crate. */
export async function buildRustTool(crate: string, version: string): Promise<Preparation> {
  if (!has('cargo', '--version')) return { missing: 'Rust' }
  const root = join(cache, `${crate}-${version}`)
  const install = ['install', crate, '--version', version, '--locked', '--quiet', '--root', root]
  const call = {
    what: `download and build of ${crate}`,
    command: 'cargo',
    args: [...install, '--target-dir', join(cache, 'rust-tools')],
    folder: here,
  }
  if (!existsSync(join(root, 'bin', crate))) await once(root, () => runTool(call))
  return { command: join(root, 'bin', crate), args: [] }
}
