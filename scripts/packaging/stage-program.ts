// Puts the program and the Node that runs it into one folder, which needs nothing else on its machine.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const root = path.dirname(path.dirname(import.meta.dirname))

/** Machines that packages are made for, as Node names their processors. */
export type Cpu = 'x64' | 'arm64'

/** What `npm pack` says belongs to the program: a tarball in `folder`, which is empty. */
export function packProgram(folder: string): string {
  npm(['pack', '--pack-destination', folder], root)
  return tarballIn(folder)
}

interface Staging {
  /** A tarball of `npm pack`. */
  readonly packed: string
  readonly cpu: Cpu
  /** A folder for what is needed on the way. */
  readonly scratch: string
}

/** Fills `folder`: `bin/pabal`, the program with its libraries in `lib/pabal`, Node in `lib/node`. */
export function stageProgram(folder: string, { packed, cpu, scratch }: Staging): void {
  const program = path.join(folder, 'lib/pabal')
  mkdirSync(path.join(folder, 'bin'), { recursive: true })
  mkdirSync(program, { recursive: true })
  install(path.join(root, 'deploy/tarball/pabal'), path.join(folder, 'bin/pabal'))
  // The libraries are as the lock file has them.
  unpack(packed, program)
  copyFileSync(path.join(root, 'package-lock.json'), path.join(program, 'package-lock.json'))
  const platform = ['--os=linux', `--cpu=${cpu}`, '--libc=glibc']
  npm(['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', ...platform], program)
  rmSync(path.join(program, 'package-lock.json'))
  rmSync(path.join(program, 'node_modules/.package-lock.json'), { force: true })
  install(findNode(cpu, scratch), path.join(folder, 'lib/node'))
  cpSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'))
}

function install(source: string, target: string): void {
  copyFileSync(source, target)
  chmodSync(target, 0o755)
}

/** The one that the project is developed with; for another processor it comes from the registry. */
function findNode(cpu: Cpu, scratch: string): string {
  const pinned = path.join(root, 'node_modules/node/bin/node')
  if (process.arch === cpu && process.platform === 'linux') return pinned
  const version = execFileSync(pinned, ['--version'], { encoding: 'utf8' }).trim().slice(1)
  const folder = path.join(scratch, 'node')
  mkdirSync(folder)
  npm(['pack', `node-linux-${cpu}@${version}`, '--pack-destination', folder], root)
  unpack(tarballIn(folder), folder)
  return path.join(folder, 'bin/node')
}

function tarballIn(folder: string): string {
  const name = readdirSync(folder).find((each) => each.endsWith('.tgz'))
  if (name === undefined) throw new Error(`npm pack left no tarball in ${folder}`)
  return path.join(folder, name)
}

function unpack(tarball: string, folder: string): void {
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
}

function npm(args: readonly string[], folder: string): void {
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
}
