// Brings Mosquitto's tests into this folder, from the source package of this Debian's release, and puts shim.py where
// they look for the broker: node fetch-source.ts. Nothing of it is kept in this repository.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const here: string = import.meta.dirname
const scratch: string = join(process.cwd(), 'apt')

mkdirSync(join(scratch, 'lists/partial'), { recursive: true })
writeFileSync(join(scratch, 'sources.list'), `deb-src ${debianMirror()} ${release()} main\n`)
apt('update')
apt('source', '--download-only', 'mosquitto')
const archive: string | undefined = readdirSync(scratch).find((name) =>
  /orig\.tar\.\w+$/.test(name),
)
if (archive === undefined) throw new Error('the source package of mosquitto has no archive')
execFileSync('tar', [
  'xf',
  join(scratch, archive),
  '--strip-components=1',
  '--wildcards',
  '*/test/*',
])
rmSync(scratch, { recursive: true })
putShim()
patch()

function apt(...args: readonly string[]): void {
  const options = [
    `Dir::Etc::sourcelist=${scratch}/sources.list`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${scratch}/lists`,
    `Dir::Cache=${scratch}`,
  ].flatMap((option) => ['-o', option])
  execFileSync('apt-get', [...options, ...args], { cwd: scratch, stdio: 'pipe' })
}

/** Where this machine's apt has Debian from. */
function debianMirror(): string {
  const format = ['--format', '$(REPO_URI) $(ORIGIN)']
  const lines = execFileSync('apt-get', ['indextargets', ...format], { encoding: 'utf8' }).split(
    '\n',
  )
  const line = lines.find((each) => each.endsWith(' Debian') && !each.includes('security'))
  if (line === undefined) throw new Error('apt knows no mirror of Debian')
  return line.split(' ')[0] ?? ''
}

function release(): string {
  const found = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  if (found === undefined) throw new Error('/etc/os-release names no release')
  return found
}

function putShim(): void {
  mkdirSync('src', { recursive: true })
  writeFileSync('src/mosquitto', `#!/bin/sh\nexec python3 '${join(here, 'shim.py')}' "$@"\n`)
  chmodSync('src/mosquitto', 0o755)
}

/** Packets are compared as packets.py says, and a broker has twenty seconds to start instead of two. */
function patch(): void {
  const file = 'test/mosq_test.py'
  const text = readFileSync(file, 'utf8').replace('in range(0, 20)', 'in range(0, 200)')
  writeFileSync(file, `${text}\nexec(open('${join(here, 'packets.py')}').read())\n`)
}
