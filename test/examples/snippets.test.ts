// Each program of docs/snippets, which the page "First steps" shows, says hello through a broker.
import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startBroker } from '../../src/start-broker.ts'
import { interopChoice, isOthersTurn } from '../interop/interop-choice.ts'
import { findPython, has } from '../interop/languages.ts'
import { findPika } from '../support/find-pika.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { waitFor } from '../support/wait-for.ts'
import { ExampleProgram } from './example-program.ts'

const root: string = join(import.meta.dirname, '../..')
const snippets: string = join(root, 'docs/snippets')
const greeting = 'Hello, Pabal'

const broker = await startBroker({
  storage: 'memory',
  ...otherPortsOff,
  amqpPort: 0,
  kafkaPort: 0,
  httpPort: 0,
  mqttPort: 0,
  stompPort: 0,
  stompWsPort: 0,
})
const cache = join(root, 'node_modules/.cache/pabal')
mkdirSync(cache, { recursive: true })
// Below the repository, so that Node finds the libraries.
const folder = mkdtempSync(join(cache, 'snippets-'))

interface Run {
  readonly command: string
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Why it cannot run here, or how it does. */
type Way = Run | { readonly missing: string }

const shell = {
  command: 'sh',
  args: ['-e'],
  env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
}
const chosen = interopChoice.split(',')

/** Libraries are fetched where the tests of that language are asked for. */
function whyNotChosen(language: string): { readonly missing: string } | undefined {
  if (chosen.includes('all') || chosen.includes(language)) return undefined
  return { missing: `${language} in PABAL_INTEROP` }
}

function languageOf(file: string): string {
  return file.split('.').at(-1) ?? ''
}

async function wayOf(file: string): Promise<Way> {
  switch (languageOf(file)) {
    case 'mjs':
      return { command: process.execPath }
    case 'py':
      return /kafka|mqtt|stomp/.test(file) ? (whyNotChosen('python') ?? findPython()) : pikaPython()
    case 'sh':
      return shellWay(file)
    case 'java':
      return javaWay()
    default:
      return goWay()
  }
}

async function pikaPython(): Promise<Way> {
  const found = await findPika()
  return 'missing' in found ? found : found.python
}

function shellWay(file: string): Way {
  if (file.includes('kafka') && !has('kcat', '-V')) return { missing: 'kcat' }
  if (file.includes('mqtt') && !has('sh', '-c', 'command -v mosquitto_pub')) {
    return { missing: 'mosquitto_pub (Debian package mosquitto-clients)' }
  }
  if (file.includes('http') && !has('curl', '--version')) return { missing: 'curl' }
  return shell
}

/** Its libraries are those of test/interop, once that has fetched them. */
async function javaWay(): Promise<Way> {
  const unchosen = whyNotChosen('java')
  if (unchosen !== undefined) return unchosen
  const { buildJava } = await import('../interop/languages.ts')
  const built = await buildJava('none')
  if ('missing' in built) return built
  return { command: 'java', args: built.args.slice(0, -1) }
}

function goWay(): Way {
  const unchosen = whyNotChosen('go')
  if (unchosen !== undefined) return unchosen
  if (!has('go', 'version')) return { missing: 'Go' }
  return { command: 'go', args: ['-C', join(root, 'test/interop/go'), 'run'] }
}

/** With the ports of this broker. */
function written(file: string): string {
  const usual: Readonly<Record<string, number>> = {
    amqp: 5672,
    kafka: 9092,
    http: 15_672,
    mqtt: 1883,
    stomp: 61_613,
    'stomp-ws': 15_674,
  }
  let text = readFileSync(join(snippets, file), 'utf8')
  for (const [service, port] of Object.entries(usual)) {
    const own = broker.addresses[service]?.port
    text = text.replaceAll(new RegExp(`localhost:${port}\\b`, 'g'), `localhost:${own}`)
  }
  const own = join(folder, file)
  writeFileSync(own, text)
  return own
}

const pabal = join(folder, 'pabal')
writeFileSync(pabal, `#!/bin/sh\nexec '${process.execPath}' '${root}/src/main.ts' "$@"\n`)
chmodSync(pabal, 0o755)

const all = readdirSync(snippets).filter((file) => file !== 'README.md')
const files = all.filter((file) => !isOthersTurn(languageOf(file)))

const ways = await Promise.all(files.map(wayOf))
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await broker.close()
})

for (const [index, file] of files.entries()) {
  const way = ways[index]!
  const skip = 'missing' in way && `missing: ${way.missing}`
  test(`${file} says hello`, { skip }, async () => {
    if ('missing' in way) return
    const { command, args = [], env = process.env } = way
    await using program = new ExampleProgram(command, [...args, written(file)], env)
    await program.printed(greeting, (lines) => lines.some((line) => line.includes(greeting)))
    if (/^hello.amqp/i.test(file)) await isEmpty('hello', `${file} has acked its message`)
  })
}

/** An ack may be on its way when the program has printed. */
async function isEmpty(queue: string, what: string): Promise<void> {
  const url = `http://localhost:${broker.addresses['http']?.port}/api/queues/%2F/${queue}`
  const headers = { authorization: `Basic ${btoa('guest:guest')}` }
  await waitFor(what, async () => {
    const answer = await fetch(url, { headers })
    const { messages } = (await answer.json()) as { messages: number }
    return messages === 0
  })
}

test('there are snippets for each protocol, and they are short', () => {
  assert.equal(all.length, 20)
  for (const file of all) {
    const lines = readFileSync(join(snippets, file), 'utf8').split('\n')
    const counted = lines.filter(
      (line) => !/^\s*$|^\s*[)\]}"'\w\s/.-]*[)\]}"']?$|import|package|^(?:#|\/\/)/.test(line),
    )
    assert.ok(counted.length <= 15, `${file} has ${counted.length} lines`)
    assert.deepEqual(
      lines.filter((line) => line.length > 100),
      [],
    )
  }
})
