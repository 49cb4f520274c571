// The tarball and the Debian package, unpacked on a machine that has neither this repository nor a Node nor
// a network: what starts there is a whole broker.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from 'amqplib'
import { version } from '../../src/lib/version.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'
import { runAsStranger } from './stranger.ts'

const repository = path.join(import.meta.dirname, '../..')
const buildMsMax = 300_000
const bare = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' }
const freePorts = ['--amqp-port', '0', '--http-port', '0', '--kafka-port', '0']

let folder: ScratchFolder
let packages: string[]

before(
  async () => {
    folder = new ScratchFolder()
    const script = path.join(repository, 'scripts/package.ts')
    const printed = await runAsStranger(
      process.execPath,
      [script, '--fast', '--output', folder.file('out')],
      folder.path,
    )
    packages = printed.trim().split('\n')
  },
  { timeout: buildMsMax },
)
after(() => folder[Symbol.dispose]())

/** What `command` prints on the bare machine. */
function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder.path, env: bare, encoding: 'utf8' })
}

async function serves(command: string, data: string): Promise<void> {
  const readyFile = `${data}.json`
  const args = ['--data', data, '--ready-file', readyFile, ...freePorts]
  const options = { cwd: folder.path, env: bare }
  await using program = new BrokerProgram(spawn(command, args, options))
  const { amqp } = await program.ready(readyFile)
  const connection = await connect(`amqp://127.0.0.1:${amqp?.port}`)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('hello', { durable: true })
  channel.sendToQueue('hello', Buffer.from('hello'), { persistent: true })
  await channel.waitForConfirms()
  assert.match(output(command, ['queue', 'list', '--data', data]), /hello/)
  await connection.close()
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended(), { code: 0, signal: null })
}

describe('packages for Linux', () => {
  it('are a tarball with everything in it', async () => {
    const [tarball = ''] = packages
    mkdirSync(folder.file('unpacked'))
    output('tar', ['-xzf', tarball, '-C', folder.file('unpacked'), '--strip-components=1'])
    const command = folder.file('unpacked/bin/pabal')
    assert.equal(output(command, ['--version']), `${version}\n`)
    const deployed = readdirSync(folder.file('unpacked/lib/pabal/deploy'))
    assert.deepEqual(deployed.sort(), ['grafana', 'prometheus', 'systemd'])
    assert.ok(existsSync(folder.file('unpacked/lib/pabal/dist/ui/index.html')))
    await serves(command, folder.file('data-of-tarball'))
  })

  it('are a Debian package with a service and its settings', async () => {
    const [, file = ''] = packages
    const field = (name: string): string => output('dpkg-deb', ['-f', file, name]).trim()
    assert.deepEqual([field('Package'), field('Version')], ['pabal', version])
    output('dpkg-deb', ['-x', file, folder.file('root')])
    output('dpkg-deb', ['-e', file, folder.file('control')])
    const scripts = ['postinst', 'postrm', 'prerm']
    assert.deepEqual(
      readdirSync(folder.file('control')).sort(),
      ['conffiles', 'control', ...scripts].sort(),
    )
    for (const script of scripts) output('sh', ['-n', folder.file(`control/${script}`)])
    for (const name of ['etc/pabal', 'lib/systemd/system', 'usr/share/doc/pabal']) {
      assert.ok(readdirSync(folder.file(`root/${name}`)).length > 0, name)
    }
    await serves(folder.file('root/usr/lib/pabal/bin/pabal'), folder.file('data-of-debian'))
  })
})
