// What `npm pack` makes, as somebody has it who installs it in an empty folder: the command starts the
// broker, clients use it, and a Node that is too old for it says what to do. And the tarball and the Debian
// package of it, unpacked on a machine that has neither this repository nor a Node nor a network.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from 'amqplib'
import { version } from '../../src/lib/version.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'
import { runAsStranger, strangerEnvironment } from './stranger.ts'

const repository = path.join(import.meta.dirname, '../..')
const buildMsMax = 300_000
const bare = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' }
const freePorts = ['--amqp-port', '0', '--http-port', '0', '--kafka-port', '0']
const leastVersion = 24

let folder: ScratchFolder
let home: string
let entry: string
/** The tarball and the Debian package. */
let packages: string[]

before(
  async () => {
    folder = new ScratchFolder()
    home = folder.file('somewhere')
    mkdirSync(home)
    await runAsStranger('npm', ['pack', '--pack-destination', folder.path], repository)
    const [tarball = ''] = readdirSync(folder.path).filter((name) => name.endsWith('.tgz'))
    assert.equal(tarball, `pabal-${version}.tgz`)
    const quick = ['--no-audit', '--no-fund', '--prefer-offline']
    const script = path.join(repository, 'scripts/package.ts')
    const packed = ['--packed', folder.file(tarball), '--output', folder.file('out')]
    const [printed] = await Promise.all([
      runAsStranger(process.execPath, [script, '--fast', ...packed], folder.path),
      runAsStranger('npm', ['install', ...quick, folder.file(tarball)], home),
    ])
    packages = printed.trim().split('\n')
    entry = path.join(home, 'node_modules/pabal/bin/pabal.cjs')
  },
  { timeout: buildMsMax },
)
after(() => folder[Symbol.dispose]())

/** Nodes on this machine's path that are too old; there may be none. */
function olderNodes(): string[] {
  const files = (strangerEnvironment()['PATH'] ?? '')
    .split(':')
    .map((each) => path.join(each, 'node'))
  return files.filter((file) => {
    if (!existsSync(file)) return false
    const text = execFileSync(file, ['--version'], { encoding: 'utf8' })
    return Number(/^v(\d+)/.exec(text)?.[1]) < leastVersion
  })
}

async function refusal(node: string, args: readonly string[]): Promise<unknown> {
  return runAsStranger(node, args, home).then(
    (stdout) => assert.fail(`it ran: ${stdout}`),
    (error: unknown) => error,
  )
}

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

describe('the npm package', () => {
  it('has the program, its pages and nothing else', () => {
    const names = readdirSync(path.join(home, 'node_modules/pabal'))
    const texts = ['CHANGELOG.md', 'LICENSE', 'README.md']
    assert.deepEqual(names.sort(), [...texts, 'bin', 'deploy', 'dist', 'docs', 'package.json'])
    for (const file of ['grafana/pabal.json', 'prometheus/alerts.yaml', 'systemd/pabal.service']) {
      assert.ok(existsSync(path.join(home, 'node_modules/pabal/deploy', file)), file)
    }
    const files = readdirSync(path.join(home, 'node_modules/pabal/dist'), { recursive: true })
    const strays = files.filter((file) => /\.(?:map|test\.js)$|^testing/.test(String(file)))
    assert.deepEqual(strays, [])
  })

  it('says its version', async () => {
    assert.equal(await runAsStranger('npx', ['pabal', '--version'], home), `${version}\n`)
  })

  it('starts a broker that clients use, and SIGTERM stops it', async () => {
    const readyFile = folder.file('ready.json')
    const data = ['--data', folder.file('data'), '--ready-file', readyFile]
    const args = ['pabal', ...data, ...freePorts]
    const options = { cwd: home, env: strangerEnvironment() }
    await using program = new BrokerProgram(spawn('npx', args, options))
    const { amqp, http, pid } = await program.ready(readyFile)
    const page = await (await fetch(`http://127.0.0.1:${http?.port}/`)).text()
    const [, script = ''] = /src="([^"]+[.]js)"/.exec(page) ?? []
    const loaded = await fetch(`http://127.0.0.1:${http?.port}${script}`)
    assert.equal(loaded.headers.get('content-type'), 'text/javascript; charset=utf-8', page)
    const docs = await fetch(`http://127.0.0.1:${http?.port}/docs/start.html`)
    assert.match(await docs.text(), /<h1 id="start">/)
    const connection = await connect(`amqp://127.0.0.1:${amqp?.port}`)
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('hello', { durable: true })
    channel.sendToQueue('hello', Buffer.from('from a package'), { persistent: true })
    await channel.waitForConfirms()
    const message = await channel.get('hello', { noAck: true })
    assert.equal(message === false ? '' : message.content.toString(), 'from a package')
    await connection.close()
    process.kill(pid, 'SIGTERM')
    assert.equal((await program.ended()).code, 0)
    assert.match(program.stdout, /Server startup complete\n$/)
  })

  it('tells an older Node in one line what it needs', async () => {
    const pretended = folder.file('pretend.cjs')
    const older = `Object.defineProperty(process.versions, 'node', { value: '18.20.8' })\n`
    writeFileSync(pretended, older)
    const runs = [[process.execPath, '--require', pretended], ...olderNodes().map((each) => [each])]
    for (const [node = '', ...flags] of runs) {
      const { code, stderr } = (await refusal(node, [...flags, entry])) as Record<string, unknown>
      assert.equal(code, 78)
      assert.match(
        String(stderr),
        /^pabal: needs Node\.js 24 or newer, and this is \d+\S+; .*npx --package=node@24 --package=\.\/pabal-\S+\.tgz pabal\n$/,
      )
    }
  })

  it('says in a clone, where nothing is compiled, how it is called there', async () => {
    const clone = folder.file('clone')
    mkdirSync(path.join(clone, 'bin'), { recursive: true })
    const command = path.join(clone, 'bin/pabal.cjs')
    copyFileSync(path.join(repository, 'bin/pabal.cjs'), command)
    const error = await refusal(process.execPath, [command, 'ls', '-o', 'json'])
    assert.match((error as Error).message, /this is a clone.*npm start -- ls -o json/)
  })
})

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
