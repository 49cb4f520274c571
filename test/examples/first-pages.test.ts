// The programs of README.md and docs/start.md, run as they stand there: only the addresses are others.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { findPython } from '../interop/languages.ts'
import { findPika } from '../support/find-pika.ts'
import { pabal } from '../support/pabal-command.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { ExampleProgram } from './example-program.ts'

const root = path.join(import.meta.dirname, '../..')
const cache = path.join(root, 'node_modules/.cache')

let broker: TestBroker
/** In the repository, so that programs find the clients. */
let folder: string
before(async () => {
  broker = await TestBroker.start([
    '--kafka-port',
    '0',
    '--http-port',
    '0',
    '--mqtt-port',
    '0',
    '--stomp-port',
    '0',
  ])
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(path.join(cache, 'first-pages-'))
})
after(async () => {
  await broker[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** A block that names its file in the first line. */
function program(page: string, name: string): string {
  const text = readFileSync(path.join(root, page), 'utf8')
  const blocks = Array.from(text.matchAll(/^```\w+\n([^]*?)^```$/gm), ([, block = '']) => block)
  const block = blocks.find((each) => /^(?:\/\/|#) (.+)\n/.exec(each)?.[1] === name)
  assert.ok(block, `${page} has ${name}`)
  return here(block)
}

function here(text: string): string {
  return text
    .replaceAll('localhost:5672', `127.0.0.1:${broker.port}`)
    .replaceAll('"localhost", 5672', `"127.0.0.1", ${broker.port}`)
    .replaceAll('localhost:9092', `127.0.0.1:${broker.kafkaPort}`)
    .replaceAll('localhost:15674', `127.0.0.1:${broker.httpPort}`)
    .replaceAll('-h localhost', `-h 127.0.0.1 -p ${broker.mqttPort}`)
    .replaceAll('localhost:15672', `127.0.0.1:${broker.httpPort}`)
}

function start(page: string, name: string, command: string, env = process.env): ExampleProgram {
  const file = path.join(folder, `${page.replaceAll('/', '-')}-${name}`)
  writeFileSync(file, program(page, name))
  return new ExampleProgram(command, [file], env)
}

async function reads(page: string, line: RegExp): Promise<void> {
  await using reader = start(page, 'read.mjs', process.execPath)
  await reader.printed('the message is read', (lines) => lines.some((each) => line.test(each)))
}

test('README: what AMQP publishes is billed from a queue and read over Kafka', async () => {
  await using publisher = start('README.md', 'publish.mjs', process.execPath)
  await publisher.succeeded()
  assert.deepEqual(publisher.lines, ['billed {"order":1234}'])
  await reads('README.md', /^read \{"order":1234\}$/)
  await pabal(['rm', 'orders', '--yes', '--data', broker.dataFolder])
})

test('start: each protocol says what it publishes to the others', async (context) => {
  await using publisher = start('docs/start.md', 'publish.mjs', process.execPath)
  await publisher.succeeded()
  const search = await findPika()
  if ('missing' in search) context.diagnostic(search.missing)
  else {
    const { command, env } = search.python
    await using python = start('docs/start.md', 'publish.py', command, env)
    await python.succeeded()
  }
  await shell(/^```sh\n(curl [^]*?)^```$/m, (block) =>
    block.replace(/^curl /, 'curl -sS --fail-with-body '),
  )
  await pabal(['publish', 'orders', '--payload', '{"order":1237}', '--data', broker.dataFolder])
  await reads('docs/start.md', /^\{"order":1237\}$/)
  const { out } = await pabal(['peek', 'orders', '--data', broker.dataFolder, '-o', 'ndjson'])
  const orders = out.map((line) => Number(/order\\*":(\d+)/.exec(line)?.[1]))
  const expected = 'missing' in search ? [1234, 1236, 1237] : [1234, 1235, 1236, 1237]
  assert.deepEqual(orders, expected)
})

/** A block of start.md, in a shell; returns what it printed. */
async function shell(
  pattern: RegExp,
  changed = (block: string): string => block,
): Promise<readonly string[]> {
  const text = readFileSync(path.join(root, 'docs/start.md'), 'utf8')
  const block = pattern.exec(text)?.[1]
  assert.ok(block, String(pattern))
  await using ran = new ExampleProgram('sh', ['-c', changed(here(block))], process.env)
  await ran.succeeded()
  return ran.lines
}

test('start: MQTT and STOMP publish to the same stream', async (context) => {
  const asked = ['--data', broker.dataFolder]
  await pabal(['create', 'orders', '--type', 'stream', ...asked])
  const { code } = await pabal(['bind', 'amq.topic', 'orders', '--key', 'shop.#', ...asked])
  assert.equal(code, 0)
  const expected = ['{"order":1239}']
  if (hasMosquitto()) {
    assert.deepEqual(await shell(/^```sh\n(mosquitto_pub [^]*?)^```$/m), ['{"order":1238}'])
    expected.unshift('{"order":1238}')
  } else context.diagnostic('mosquitto_pub is missing (Debian package mosquitto-clients)')
  await using sender = start('docs/start.md', 'send.mjs', process.execPath)
  await sender.succeeded()
  const { out } = await pabal(['peek', 'orders', ...asked, '--from', 'last', '-o', 'ndjson'])
  const payloads = out.map((line) => (JSON.parse(line) as { payload: string }).payload)
  assert.deepEqual(payloads.slice(-expected.length), expected)
})

function hasMosquitto(): boolean {
  return spawnSync('sh', ['-c', 'command -v mosquitto_pub']).status === 0
}

test('start: Python reads over Kafka', async (context) => {
  const python = await findPython()
  if ('missing' in python) return context.skip(python.missing)
  await pabal(['publish', 'orders', '--payload', '{"order":1238}', '--data', broker.dataFolder])
  const env = { ...process.env, ...python.env, PYTHONUNBUFFERED: '1' }
  await using reader = start('docs/start.md', 'read.py', python.command, env)
  await reader.printed('the message is read', (lines) => lines.includes('{"order":1238}'))
  return undefined
})
