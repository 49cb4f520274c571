// What the image runs, without an engine: its entry point and its stand-ins for RabbitMQ's commands, in a
// folder that is laid out as the Dockerfile does it.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from 'amqplib'
import { parse } from 'yaml'
import { settingKeys, settingName } from '../../src/settings/settings.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'
import { runAsStranger } from './stranger.ts'

const repository = path.join(import.meta.dirname, '../..')
const docker = path.join(repository, 'deploy/docker')
const buildMsMax = 120_000

let folder: ScratchFolder
let bin: string

before(
  async () => {
    folder = new ScratchFolder()
    bin = folder.file('bin')
    const home = folder.file('opt')
    for (const each of [bin, `${home}/bin`, `${home}/lib/pabal/bin`]) {
      mkdirSync(each, { recursive: true })
    }
    const program = `${home}/lib/pabal`
    const build = path.join(repository, 'scripts/build.ts')
    await runAsStranger(process.execPath, [build, `${program}/dist`], folder.path)
    writeFileSync(`${program}/bin/pabal.cjs`, readFileSync(path.join(repository, 'bin/pabal.cjs')))
    symlinkSync(path.join(repository, 'package.json'), `${program}/package.json`)
    symlinkSync(path.join(repository, 'node_modules'), `${program}/node_modules`)
    symlinkSync(process.execPath, `${home}/lib/node`)
    const wrapper = readFileSync(path.join(repository, 'deploy/tarball/pabal'))
    writeFileSync(`${home}/bin/pabal`, wrapper, { mode: 0o755 })
    symlinkSync(`${home}/bin/pabal`, `${bin}/pabal`)
    symlinkSync(path.join(docker, 'rabbitmqctl'), `${bin}/rabbitmqctl`)
    for (const name of ['rabbitmq-diagnostics', 'rabbitmq-plugins']) {
      symlinkSync('rabbitmqctl', `${bin}/${name}`)
    }
  },
  { timeout: buildMsMax },
)
after(() => folder[Symbol.dispose]())

interface Container {
  readonly program: BrokerProgram
  readonly url: (user: string, password: string, vhost?: string) => string
  /** Runs a command beside the broker, as `docker exec` does. */
  readonly exec: (...words: string[]) => [code: number | null, stdout: string, stderr: string]
}

function environmentOf(state: string, extra: Record<string, string>): Record<string, string> {
  return {
    PATH: `${bin}:/usr/bin:/bin`,
    PABAL_STATE: state,
    PABAL_HOST: '127.0.0.1',
    PABAL_AMQP_PORT: '0',
    PABAL_KAFKA_PORT: '0',
    PABAL_HTTP_PORT: '0',
    ...extra,
  }
}

async function start(state: string, extra: Record<string, string>): Promise<Container> {
  const readyFile = `${state}-ready.json`
  const env = environmentOf(state, { ...extra, PABAL_READY_FILE: readyFile })
  const child = spawn(path.join(docker, 'entrypoint.sh'), ['start'], { cwd: folder.path, env })
  const program = new BrokerProgram(child)
  const { amqp } = await program.ready(readyFile)
  return {
    program,
    url: (user, password, vhost = '') =>
      `amqp://${user}:${password}@127.0.0.1:${amqp?.port}/${vhost}`,
    exec(command = '', ...words) {
      const done = spawnSync(command, words, { cwd: folder.path, env, encoding: 'utf8' })
      return [done.status, done.stdout, done.stderr]
    },
  }
}

async function stop({ program }: Container): Promise<void> {
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended(), { code: 0, signal: null })
}

describe('the image', () => {
  it("starts with the variables of RabbitMQ's and Kafka's images", async () => {
    writeFileSync(folder.file('secret'), 'swordfish\n')
    const container = await start(folder.file('a'), {
      RABBITMQ_DEFAULT_USER: 'guest',
      RABBITMQ_DEFAULT_PASS_FILE: folder.file('secret'),
      RABBITMQ_DEFAULT_VHOST: 'shop',
      RABBITMQ_NODENAME: 'rabbit@here',
      KAFKA_ADVERTISED_LISTENERS: 'INTERNAL://broker:29092,EXTERNAL://localhost:9092',
    })
    await using program = container.program
    const connection = await connect(container.url('guest', 'swordfish', 'shop'))
    await connection.close()
    await assert.rejects(connect(container.url('guest', 'guest')), /ACCESS[-_]REFUSED/)
    assert.match(program.stderr, /RABBITMQ_NODENAME is ignored/)
    assert.match(program.stderr, /EXTERNAL:\/\/localhost:9092 is left out/)
    assert.match(program.stdout, /Server startup complete/)
    await stop(container)
  })

  it('makes a password of its own where none is given, and keeps it', async () => {
    const state = folder.file('b')
    for (const isFirst of [true, false]) {
      const container = await start(state, {})
      await using program = container.program
      const password = readFileSync(`${state}/password`, 'utf8').trim()
      assert.match(password, /^[0-9a-f]{32}$/)
      assert.equal(program.stderr.includes(password), isFirst)
      await (await connect(container.url('admin', password))).close()
      await stop(container)
    }
  })

  it('says what is wrong with its variables', () => {
    const extra = { RABBITMQ_DEFAULT_PASS: 'a', RABBITMQ_DEFAULT_PASS_FILE: '/b' }
    const env = environmentOf(folder.file('c'), extra)
    const done = spawnSync(path.join(docker, 'entrypoint.sh'), [], { env, encoding: 'utf8' })
    assert.deepEqual([done.status, done.stdout], [78, ''])
    assert.match(done.stderr, /give one of them/)
  })

  it("answers RabbitMQ's health checks and set-up commands", async () => {
    const container = await start(folder.file('d'), {
      RABBITMQ_DEFAULT_USER: 'admin',
      RABBITMQ_DEFAULT_PASS: 'secret',
    })
    await using _program = container.program
    const { exec } = container
    assert.equal(exec('rabbitmq-diagnostics', '-q', 'ping')[0], 0)
    assert.deepEqual(exec('rabbitmqctl', '-n', 'rabbit@x', '-s', 'await_startup'), [0, '', ''])
    assert.match(exec('rabbitmq-diagnostics', 'check_running')[1], /fully booted and running/)
    assert.equal(exec('rabbitmqctl', 'add_vhost', 'shop')[1], 'Adding vhost "shop" ...\n')
    assert.match(exec('rabbitmqctl', 'add_user', 'u', 'p')[1], /^Adding user "u" \.\.\.\nDone\./)
    assert.equal(exec('rabbitmqctl', 'set_user_tags', 'u', 'monitoring', 'policymaker')[0], 0)
    assert.equal(exec('rabbitmqctl', 'set_permissions', '-p', 'shop', 'u', '.*', '.*', '.*')[0], 0)
    const connection = await connect(container.url('u', 'p', 'shop'))
    // When something below fails, the broker ends before it.
    connection.on('error', () => undefined)
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('orders')
    channel.sendToQueue('orders', Buffer.from('one'))
    await channel.waitForConfirms()
    const banner = 'Timeout: 60.0 seconds ...\nListing queues for vhost shop ...\n'
    const listed = exec('rabbitmqctl', '-p', 'shop', 'list_queues', 'name', 'messages')
    assert.deepEqual(listed, [0, `${banner}name\tmessages\norders\t1\n`, ''])
    const all = { configure: '.*', write: '.*', read: '.*' }
    const rows = ['admin', 'u'].map((user) => ({ user, ...all }))
    const asJson = exec('rabbitmqctl', 'list_permissions', '--vhost=shop', '--formatter', 'json')
    assert.deepEqual(JSON.parse(asJson[1]), rows)
    assert.equal(exec('rabbitmqctl', '-q', 'list_users')[1].split('\n')[0], 'user\ttags')
    assert.match(exec('rabbitmqctl', '-s', 'list_users')[1], /^u\t\[monitoring, policymaker\]$/m)
    await connection.close()
    const policy = [
      'set_policy',
      '-p',
      'shop',
      'ttl',
      '^o',
      '{"message-ttl":1000}',
      '--priority',
      '1',
    ]
    assert.equal(exec('rabbitmqctl', ...policy)[0], 0)
    assert.match(exec('rabbitmqctl', '-s', 'list_policies', '-p', 'shop')[1], /^shop\tttl\t\^o\t/)
    assert.equal(exec('rabbitmqctl', 'clear_policy', '-p', 'shop', 'ttl')[0], 0)
    assert.equal(exec('rabbitmqctl', 'clear_permissions', '-p', 'shop', 'u')[0], 0)
    const parameter = ['set_global_parameter', 'region', '{"name":"north"}']
    assert.deepEqual(exec('rabbitmqctl', ...parameter), [
      0,
      'Setting global runtime parameter "region" to "{"name":"north"}" ...\n',
      '',
    ])
    assert.equal(exec('rabbitmqctl', '-q', 'set_cluster_name', 'ours')[0], 0)
    const listedParameters = exec('rabbitmqctl', '-s', 'list_global_parameters')[1]
    assert.match(listedParameters, /^cluster_name\t"ours"$/m)
    assert.match(listedParameters, /^region\t\{"name":"north"\}$/m)
    assert.equal(exec('rabbitmqctl', 'set_global_parameter', 'region', 'north')[0], 69)
    assert.equal(exec('rabbitmqctl', 'clear_global_parameter', 'region')[0], 0)
    assert.equal(exec('rabbitmqctl', 'clear_global_parameter', 'region')[0], 69)
    assert.equal(exec('rabbitmqctl', 'change_password', 'u', 'q')[0], 0)
    assert.equal(exec('rabbitmqctl', 'delete_user', 'u')[0], 0)
    assert.equal(exec('rabbitmqctl', 'delete_vhost', 'shop')[0], 0)
    assert.deepEqual(exec('rabbitmqctl', '-q', 'delete_user', 'u'), [
      67,
      '',
      'Error:\nUser "u" does not exist\n',
    ])
    assert.deepEqual(exec('rabbitmqctl', '-q', 'list_queues', '-p', 'nowhere'), [0, '', ''])
    assert.equal(exec('rabbitmqctl', 'list_permissions', '-p', 'nowhere')[0], 65)
    assert.equal(exec('rabbitmqctl', 'add_user')[0], 64)
    assert.match(exec('rabbitmqctl', 'join_cluster', 'a@b')[2], /is a node by itself/)
    assert.match(exec('rabbitmqctl', 'lst_queues')[2], /Did you mean 'list_queues'\?/)
    assert.equal(exec('rabbitmq-plugins', 'enable', 'rabbitmq_management')[0], 0)
    assert.match(exec('rabbitmq-plugins', 'enable', 'rabbitmq_shovel')[2], /pabal move/)
    assert.equal(exec('rabbitmq-plugins', 'is_enabled', 'rabbitmq_shovel')[0], 69)
    await stop(container)
    assert.equal(exec('rabbitmq-diagnostics', 'ping')[0], 69)
  })

  it('has files that agree with each other', () => {
    const text = readFileSync(path.join(docker, 'Dockerfile'), 'utf8')
    for (const [, copied = ''] of text.matchAll(/(deploy\/docker\/[a-z.-]+)(?= .*\/usr\/local)/g)) {
      assert.ok(existsSync(path.join(repository, copied)), copied)
    }
    const compose = parse(readFileSync(path.join(docker, 'compose.yaml'), 'utf8')) as {
      readonly services: { readonly pabal: { readonly ports: string[] } }
    }
    const exposed = /^EXPOSE (.+)$/m.exec(text)?.[1]?.split(' ')
    assert.deepEqual(
      compose.services.pabal.ports.map((port) => port.split(':').at(-1)),
      exposed,
    )
  })

  it('has nodes of a cluster that differ in names and ports only', () => {
    const { services, volumes } = parse(readFileSync(path.join(docker, 'cluster.yaml'), 'utf8'), {
      merge: true,
    }) as ComposeFile
    const nodes = ['n1', 'n2', 'n3'] as const
    const ports = nodes.flatMap((name) => services[name]?.ports.map((port) => port.split(':')[1]))
    assert.equal(new Set(ports).size, ports.length, 'each has ports of its own')
    for (const name of nodes) {
      const { environment = {}, ...node } = services[name] as ComposeService
      const { PABAL_NODE_NAME, KAFKA_ADVERTISED_LISTENERS, ...rest } = environment
      assert.equal(PABAL_NODE_NAME, name)
      const kafka = node.ports.find((port) => port.endsWith(':9092'))?.split(':')[1]
      assert.equal(KAFKA_ADVERTISED_LISTENERS, `PLAINTEXT://localhost:${kafka}`)
      for (const variable of Object.keys(rest).filter((each) => each.startsWith('PABAL_'))) {
        const setting = variable.slice('PABAL_'.length).toLowerCase().replaceAll('_', '-')
        assert.ok(settingKeys.map(settingName).includes(setting), variable)
      }
      assert.ok(environment['PABAL_CLUSTER']?.includes('@postgres/'))
      assert.ok(environment['PABAL_OBJECTS']?.includes('http://objects:7070'))
    }
    assert.deepEqual(Object.keys(services), [...nodes, 'postgres', 'objects'])
    assert.deepEqual(Object.keys(volumes), [...nodes, 'postgres', 'objects'])
  })
})

interface ComposeService {
  readonly ports: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: object
}
