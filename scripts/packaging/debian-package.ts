// The Debian package: the staged program below /usr/lib/pabal, a unit for systemd, a file of settings.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Cpu } from './stage-program.ts'

const root = path.dirname(path.dirname(import.meta.dirname))
const deploy = path.join(root, 'deploy')

const maintainer = 'Pabal maintainers <maintainers@pabal.invalid>'

/** Debian's names of processors. */
const architectures: Readonly<Record<Cpu, string>> = { x64: 'amd64', arm64: 'arm64' }

export interface DebianPackage {
  readonly version: string
  readonly cpu: Cpu
  /** What `stageProgram` filled. */
  readonly program: string
  /** An empty folder. */
  readonly scratch: string
  readonly output: string
  /** Of gzip. */
  readonly level: number
}

/** Builds it with dpkg-deb and returns the path of the file. */
export function buildDebianPackage({
  version,
  cpu,
  program,
  scratch,
  output,
  level,
}: DebianPackage): string {
  const tree = path.join(scratch, 'tree')
  const at = (name: string): string => {
    const target = path.join(tree, name)
    mkdirSync(path.dirname(target), { recursive: true })
    return target
  }
  cpSync(program, at('usr/lib/pabal'), { recursive: true, verbatimSymlinks: true })
  copy('debian/pabal', at('usr/bin/pabal'), 0o755)
  copy('debian/pabal.yaml', at('etc/pabal/pabal.yaml'))
  copy('systemd/pabal.service', at('lib/systemd/system/pabal.service'))
  addDocuments(at, version)
  writeFileSync(at('DEBIAN/conffiles'), '/etc/pabal/pabal.yaml\n')
  for (const script of ['postinst', 'prerm', 'postrm']) {
    copy(`debian/${script}`, at(`DEBIAN/${script}`), 0o755)
  }
  writeFileSync(at('DEBIAN/control'), controlOf(version, cpu, sizeOf(tree)))
  const file = path.join(output, `pabal_${version}_${architectures[cpu]}.deb`)
  const flags = ['--root-owner-group', '-Zgzip', `-z${level}`, '--build']
  execFileSync('dpkg-deb', [...flags, tree, file], { stdio: ['ignore', 'ignore', 'inherit'] })
  return file
}

function copy(source: string, target: string, mode = 0o644): void {
  copyFileSync(path.join(deploy, source), target)
  chmodSync(target, mode)
}

function addDocuments(at: (name: string) => string, version: string): void {
  const docs = 'usr/share/doc/pabal'
  for (const name of readdirSync(path.join(root, 'docs'))) {
    if (name.endsWith('.md')) cpSync(path.join(root, 'docs', name), at(`${docs}/${name}`))
  }
  cpSync(path.join(root, 'CHANGELOG.md'), at(`${docs}/CHANGELOG.md`))
  writeFileSync(at(`${docs}/changelog.gz`), gzipSync(changesOf(version), { level: 9 }))
  copy('debian/copyright', at(`${docs}/copyright`))
  // The same pages are part of the npm package.
  rmSync(at('usr/lib/pabal/lib/pabal/docs'), { recursive: true })
  symlinkSync('../../../../share/doc/pabal', at('usr/lib/pabal/lib/pabal/docs'))
}

/** In the form that Debian's tools read, which is not that of ours. */
function changesOf(version: string): string {
  const date = new Date().toUTCString().replace('GMT', '+0000')
  return `pabal (${version}) stable; urgency=medium

  * See CHANGELOG.md beside this file.

 -- ${maintainer}  ${date}
`
}

/** Kibibytes, as control files count. */
function sizeOf(tree: string): number {
  const [size = ''] = execFileSync('du', ['-sk', tree], { encoding: 'utf8' }).split('\t')
  return Number(size)
}

function controlOf(version: string, cpu: Cpu, installedSize: number): string {
  return `Package: pabal
Version: ${version}
Architecture: ${architectures[cpu]}
Maintainer: ${maintainer}
Installed-Size: ${installedSize}
Depends: adduser, libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)
Section: net
Priority: optional
Description: message broker for queues and streams
 Pabal keeps every message in one durable log. Programs written for RabbitMQ
 (AMQP 0-9-1) and for Kafka connect to it unchanged. This package brings the
 Node.js that it runs on.
`
}
