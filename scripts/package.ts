// Builds what runs without a clone and without a registry: a tarball with Node in it, and a Debian package.
//   npm run package                      for this machine's processor, into dist-packages
//   npm run package -- --cpu arm64 --output FOLDER
// With --fast they are larger and made sooner, for tests; --packed FILE is what `npm pack` has made already.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildDebianPackage } from './packaging/debian-package.ts'
import { type Cpu, packProgram, stageProgram } from './packaging/stage-program.ts'

const root = path.dirname(import.meta.dirname)

function readCpu(text: string): Cpu {
  if (text === 'x64' || text === 'arm64') return text
  throw new Error(`--cpu ${text}: there are packages for x64 and arm64`)
}

function main(): void {
  const { values } = parseArgs({
    options: {
      cpu: { type: 'string', default: process.arch },
      output: { type: 'string', default: path.join(root, 'dist-packages') },
      fast: { type: 'boolean', default: false },
      packed: { type: 'string' },
    },
  })
  const cpu = readCpu(values.cpu)
  const output = path.resolve(values.output)
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  mkdirSync(output, { recursive: true })
  const scratch = mkdtempSync(path.join(tmpdir(), 'pabal-package-'))
  try {
    const name = `pabal-${version}-linux-${cpu}`
    const program = path.join(scratch, name)
    const [packs, debian] = ['packs', 'debian'].map((each) => path.join(scratch, each)) as [
      string,
      string,
    ]
    mkdirSync(packs)
    const packed = values.packed === undefined ? packProgram(packs) : path.resolve(values.packed)
    stageProgram(program, { packed, cpu, scratch: packs })
    const tarball = path.join(output, `${name}.tar.gz`)
    const owner = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name']
    const level = values.fast ? 1 : 6
    execFileSync('tar', [...owner, '-I', `gzip -${level}`, '-cf', tarball, '-C', scratch, name])
    console.log(tarball)
    console.log(buildDebianPackage({ version, cpu, program, scratch: debian, output, level }))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

main()
