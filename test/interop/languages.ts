// Finds or builds what the clients of each language need, in .cache/interop. What is not there is a
// reason to skip; what is there and does not build is an error.

import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here: string = import.meta.dirname
const cache: string = join(here, '../../.cache/interop')
const BUILD_MS = 15 * 60_000

/** How to start a client, or what is missing for it. */
export type Preparation =
  | { readonly command: string; readonly args: readonly string[] }
  | { readonly missing: string }

function has(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** @throws Error with what the tool said when it fails. */
async function build(command: string, args: readonly string[], folder: string): Promise<void> {
  const options = { cwd: folder, timeout: BUILD_MS, maxBuffer: 64 * 1024 * 1024 }
  await run(command, [...args], options).catch((error: Error & { stdout: string }) => {
    throw new Error(`${error.message}\n${error.stdout}`)
  })
}

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

const requirements: string = join(here, 'python/requirements.txt')

export async function preparePython(file: string): Promise<Preparation> {
  const python = await findPython()
  return 'missing' in python ? python : { ...python, args: [join(here, 'python', file)] }
}

/** Python in a virtual environment with the libraries, made again when their list changes. */
export async function findPython(): Promise<Preparation> {
  if (!has('python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 11))'))
    return { missing: 'python3, 3.11 or newer' }
  if (!has('python3', '-c', 'import venv, ensurepip')) return { missing: 'python3-venv' }
  const list = createHash('sha256').update(readFileSync(requirements)).digest('hex')
  const folder = join(cache, `python-${list.slice(0, 12)}`)
  await once('python', () => makeVenv(folder))
  return { command: join(folder, 'bin/python'), args: [] }
}

async function makeVenv(folder: string): Promise<void> {
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  await build('python3', ['-m', 'venv', folder], here)
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
  await build(join(folder, 'bin/python'), [...pip, '--requirement', requirements], here)
  mkdirSync(complete)
}

export async function buildJava(program: string): Promise<Preparation> {
  if (!has('javac', '-version')) return { missing: 'a JDK, 17 or newer' }
  if (!has('mvn', '-v')) return { missing: 'Maven' }
  const target = join(cache, 'java')
  const goals = ['compile', 'dependency:copy-dependencies']
  const settings = ['--quiet', '--batch-mode', `-Dinterop.target=${target}`]
  await once('java', () => build('mvn', [...settings, ...goals], join(here, 'java')))
  const classes = `${join(target, 'classes')}:${join(target, 'dependency')}/*`
  return { command: 'java', args: ['-Xmx256m', '-XX:+UseSerialGC', '-cp', classes, program] }
}

export async function buildGo(program: string): Promise<Preparation> {
  if (!has('go', 'version')) return { missing: 'Go' }
  const folder = join(cache, 'go')
  mkdirSync(folder, { recursive: true })
  await once('go', () =>
    build('go', ['build', '-p', '2', '-o', `${folder}/`, './...'], join(here, 'go')),
  )
  return { command: join(folder, program), args: [] }
}

export async function buildRust(program: string): Promise<Preparation> {
  if (!has('cargo', '--version')) return { missing: 'Rust' }
  const target = join(cache, 'rust')
  const args = ['build', '--quiet', '--locked', '--target-dir', target]
  await once('rust', () => build('cargo', args, join(here, 'rust')))
  return { command: join(target, 'debug', program), args: [] }
}
