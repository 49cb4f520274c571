// What RabbitMQ exports is imported into Pabal, exported, imported into another Pabal and back into another
// RabbitMQ: the same all the way.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { connect } from 'amqplib'
import { freePorts } from '../../bench/systems/ports.ts'
import { type RabbitmqNode, startRabbitmq } from '../../bench/systems/rabbitmq-system.ts'
import { BrokerProgram, ScratchFolder } from '../process/broker-program.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { hasRabbitmq } from './start-brokers.ts'

type Item = Readonly<Record<string, unknown>>
type File = Readonly<Record<string, readonly Item[]>>

const oddVHost = 'a/b ü%2F'
const oddName = 'q "1"/ü.*&?%2F'
const internal = {
  vhost: '/',
  name: 'inner',
  type: 'topic',
  durable: true,
  auto_delete: false,
  internal: true,
  arguments: {},
}

const configs = { 'retention.ms': '5000', 'retention.bytes': '-1' }
const topic = {
  name: 'pabal-topic ["/","stream"]',
  value: { vhost: '/', name: 'stream', configs },
}

test(
  'definitions of RabbitMQ come through Pabal as they were',
  { skip: hasRabbitmq ? false : 'needs RabbitMQ: apt-get install rabbitmq-server' },
  async () => {
    using folder = new ScratchFolder()
    const [managementPort] = await freePorts(2)
    const [first, second] = await Promise.all([
      start(folder, 'first', managementPort),
      start(folder, 'second'),
    ])
    await using _stop = { [Symbol.asyncDispose]: () => stopAll([first, second]) }
    await declare(first)
    const asExported = await exportFrom(first, folder.file('rabbit.json'))
    // RabbitMQ leaves internal exchanges out of its file, and their bindings in.
    await using pabal = await TestBroker.start()
    const told = await run(pabal, ['import', folder.file('rabbit.json')])
    assert.match(told, /ignored\s+binding\s+\/\s+'inner' to queue .*\n +no exchange 'inner'/)
    const text = readFileSync(folder.file('rabbit.json'), 'utf8')
    const whole = text.replace('"exchanges":[', `"exchanges":[${JSON.stringify(internal)},`)
    writeFileSync(folder.file('whole.json'), whole)
    await run(pabal, ['import', folder.file('whole.json')])
    // The same by the management API, which has keys of its own and internal exchanges.
    writeFileSync(folder.file('api.json'), await download(managementPort))
    const checked = await run(pabal, ['import', folder.file('api.json'), '--check'])
    assert.doesNotMatch(checked, /\n(?:add|change|differs) /)
    assert.match(checked, /\nbinding\s+0\s+0\s+10\s+0\s+0\n/)
    // What Kafka's clients set has a place in RabbitMQ, too.
    writeFileSync(folder.file('topic.json'), JSON.stringify({ global_parameters: [topic] }))
    await run(pabal, ['import', folder.file('topic.json')])
    await run(pabal, ['export', folder.file('pabal.json')])
    const fromPabal = readFile(folder.file('pabal.json'))
    assert.deepEqual(comparable(fromPabal), comparable(readFile(folder.file('whole.json'))))

    await using another = await TestBroker.start(['--definitions', folder.file('pabal.json')])
    await run(another, ['export', folder.file('another.json')])
    assert.deepEqual(comparable(readFile(folder.file('another.json'))), comparable(fromPabal))

    await second.control('import_definitions', folder.file('pabal.json'))
    const back = await exportFrom(second, folder.file('back.json'))
    assert.deepEqual(comparable(back), comparable(asExported))
    const again = await run(another, ['import', folder.file('back.json'), '--check'])
    assert.match(again, /\ntopic\s+0\s+0\s+1\s+0\s+0\n/)
    assert.match(again, /\nbinding\s+0\s+0\s+10\s+0\s+0\n/)
  },
)

function start(
  folder: ScratchFolder,
  name: string,
  managementPort?: number,
): Promise<RabbitmqNode> {
  mkdirSync(folder.file(name))
  return startRabbitmq(folder.file(name), managementPort)
}

async function download(port: number): Promise<string> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const url = `http://127.0.0.1:${port}/api/definitions`
  return (await fetch(url, { headers: { authorization } })).text()
}

async function stopAll(nodes: readonly RabbitmqNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop('SIGKILL')))
}

/** One of everything that a file may have. */
async function declare(node: RabbitmqNode): Promise<void> {
  const { control } = node
  await control('add_vhost', oddVHost, '--description', 'odd', '--tags', 'x,y')
  await control('set_permissions', '-p', oddVHost, 'guest', '.*', '.*', '.*')
  await control('add_user', 'app', 'secret')
  await control('set_user_tags', 'app', 'monitoring', 'own')
  await control('set_user_limits', 'app', '{"max-connections":7}')
  await control('set_permissions', '-p', oddVHost, 'app', '^a', '.*', '')
  await control('set_topic_permissions', '-p', '/', 'guest', 'amq.topic', '.*', '.*')
  await control('set_topic_permissions', '-p', oddVHost, 'app', 'amq.topic', '^{username}-', '.*')
  await control('set_vhost_limits', '-p', oddVHost, '{"max-queues":100,"max-connections":-1}')
  const policy = ['--priority', '3', '--apply-to', 'queues', 'p/1', '^work', '{"max-length":9}']
  await control('set_policy', ...policy)
  await control('set_operator_policy', '-p', oddVHost, 'o', '.*', '{"expires":3600000}')
  await declareAt(node, '/')
  await declareAt(node, oddVHost)
}

async function declareAt({ amqpPort }: RabbitmqNode, vhost: string): Promise<void> {
  const url = `amqp://guest:guest@127.0.0.1:${amqpPort}/${encodeURIComponent(vhost)}`
  const connection = await connect(url)
  const channel = await connection.createChannel()
  await channel.assertExchange('inner', 'topic', { internal: vhost === '/' })
  await channel.assertExchange('x ü', 'headers', {
    autoDelete: true,
    alternateExchange: 'amq.fanout',
  })
  await channel.assertExchange('passing', 'fanout', { durable: false })
  await channel.assertQueue(oddName, {
    arguments: { 'x-message-ttl': 60_000, 'x-max-priority': 3, other: [1, 'a', { b: true }] },
  })
  await channel.assertQueue('quorum', { arguments: { 'x-queue-type': 'quorum' } })
  await channel.assertQueue('stream', {
    arguments: { 'x-queue-type': 'stream', 'x-max-age': '7D' },
  })
  await channel.assertQueue('passing', { durable: false, autoDelete: true })
  await channel.assertQueue('mine', { exclusive: true })
  const double = { '!': 'double', value: 1 }
  const big = { '!': 'int64', value: 2 ** 40 }
  const args = { 'x-match': 'any', double, half: 0.5, big, yes: true, text: 'ü' }
  await channel.bindQueue(oddName, 'x ü', 'ü#\n', args)
  await channel.bindQueue(oddName, 'inner', 'a.*', {})
  await channel.bindExchange('inner', 'amq.topic', 'a.#', {})
  await channel.bindQueue('passing', 'passing', '')
  await channel.bindQueue('quorum', 'amq.direct', 'k')
  await connection.close()
}

async function exportFrom(node: RabbitmqNode, file: string): Promise<File> {
  await node.control('export_definitions', file)
  return readFile(file)
}

function readFile(file: string): File {
  // Whether a double has a fraction is part of what it is.
  return JSON.parse(readFileSync(file, 'utf8').replaceAll('"double":1.0', '"double":"1.0"')) as File
}

async function run(broker: TestBroker, args: readonly string[]): Promise<string> {
  using folder = new ScratchFolder()
  const command = ['definitions', ...args, '--data', broker.dataFolder]
  await using program = BrokerProgram.run(folder, command)
  const { code } = await program.ended()
  assert.equal(code, 0, program.stderr)
  return program.stdout
}

const lists = [
  'users',
  'vhosts',
  'permissions',
  'topic_permissions',
  'parameters',
  'policies',
  'exchanges',
  'queues',
  'bindings',
]

/** The things of a file, each list in an order of its own, without the users that brokers have by themselves. */
function comparable(file: File): unknown {
  return Object.fromEntries(
    lists.map((list) => [
      list,
      (file[list] ?? [])
        .filter((item) => item['user'] !== 'guest' && item['name'] !== 'guest')
        .filter(
          (item) =>
            !(list === 'exchanges' && item['name'] === internal.name && item['vhost'] === '/'),
        )
        .map(list === 'vhosts' ? completeVHost : completeValue)
        .toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1)),
    ]),
  )
}

/** RabbitMQ 3 writes some objects as lists of keys and values, tags as text, and no limits as a list. */
function completeVHost({ name, metadata, limits }: Item): Item {
  const { description = '', tags = [] } = metadata as Item
  const list = typeof tags === 'string' ? tags.split(',') : tags
  return { name, limits: objectOf(limits), description, tags: list }
}

function completeValue(item: Item): Item {
  const { value } = item
  if (item['component'] !== 'operator_policy') return item
  const policy = value as Item
  return { ...item, value: { ...policy, definition: objectOf(policy['definition']) } }
}

function objectOf(value: unknown): unknown {
  return Array.isArray(value) ? Object.fromEntries(value as [string, unknown][]) : value
}

function textOf(item: Item): string {
  return JSON.stringify(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
