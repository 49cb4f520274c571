// Runs one suite against a Pabal at the default ports, or at any port where the suite can be told.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../support/make-certificate.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { forwardPorts } from './forward-ports.ts'
import { readGo, readJunit, readLibrdkafka, type Outcomes } from './read-results.ts'
import type { BrokerTls, Suite, SuiteCall } from './suite.ts'

const minutesMax = 25
const ports: readonly string[] =
  '--amqp-port 5672 --amqp-tls-port 5671 --http-port 15672 --kafka-port 9092'.split(' ')
const ownPorts: readonly string[] = ['--kafka-port', '0']

/** @throws Error when the ports are taken, or the suite wrote no results. */
export async function runSuite(suite: Suite, folder: string): Promise<Outcomes> {
  const scratch = mkdtempSync(join(tmpdir(), 'pabal-suite-'))
  try {
    if (suite.startsBrokers) return await outcomesOf(suite, folder, join(scratch, 'results'))
    if (suite.hasOwnPorts) return await runBeside(suite, folder, scratch)
    const tls = tlsFlags(suite.tls ? inFolder(suite.tls, folder) : made(scratch))
    const definitions = definitionsFlags(suite.definitions, scratch)
    const owner = suite.isGuestOrdinary ? ownerFlags(scratch) : []
    const flags = [...ports, ...tls, ...definitions, ...owner, ...(suite.flags ?? [])]
    await using brokers = new AsyncDisposableStack()
    for (const each of [flags, ...(suite.others ?? [])]) brokers.use(await TestBroker.start(each))
    brokers.use(await forwardPorts(suite.forwards ?? {}))
    if (suite.begin) await begin(suite.begin, folder)
    return await outcomesOf(suite, folder, join(scratch, 'results'))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Against a Pabal at any port, and others beside it. */
async function runBeside(suite: Suite, folder: string, scratch: string): Promise<Outcomes> {
  await using brokers = new AsyncDisposableStack()
  const addresses: string[] = []
  const flags = [...(suite.flags ?? []), ...definitionsFlags(suite.definitions, scratch)]
  for (const each of [flags, ...(suite.others ?? [])]) {
    const broker = brokers.use(await TestBroker.start([...ownPorts, ...each]))
    addresses.push(`127.0.0.1:${broker.kafkaPort}`)
  }
  const [first = '', ...others] = addresses
  const call = suite.run(join(scratch, 'results'))
  const env = { ...call.env, BROKERS: first, OTHER_BROKERS: others.join(' ') }
  return await outcomesOf(
    { ...suite, run: () => ({ ...call, env }) },
    folder,
    join(scratch, 'results'),
  )
}

async function outcomesOf(suite: Suite, folder: string, results: string): Promise<Outcomes> {
  const { output: printed } = await call(suite.run(results), folder, suite.minutesMax)
  if (suite.format === 'go') return readGo(printed)
  const text = read(results, printed)
  return suite.format === 'librdkafka' ? readLibrdkafka(text) : readJunit(text)
}

function tlsFlags({ cert, key, clientCa }: BrokerTls): readonly string[] {
  const flags = ['--tls-cert', cert, '--tls-key', key]
  return clientCa === undefined ? flags : [...flags, '--tls-client-ca', clientCa]
}

function definitionsFlags(definitions: object | undefined, scratch: string): readonly string[] {
  if (definitions === undefined) return []
  const file = join(scratch, 'definitions.json')
  writeFileSync(file, JSON.stringify(definitions))
  return ['--definitions', file]
}

function ownerFlags(scratch: string): readonly string[] {
  const file = join(scratch, 'password')
  writeFileSync(file, 'of the owner')
  return ['--user', 'owner', '--password-file', file]
}

function inFolder({ cert, key, clientCa }: BrokerTls, folder: string): BrokerTls {
  const files = { cert: join(folder, cert), key: join(folder, key) }
  return clientCa === undefined ? files : { ...files, clientCa: join(folder, clientCa) }
}

function made(scratch: string): BrokerTls {
  const { certificate, key } = makeCertificate({ hosts: ['localhost', '127.0.0.1'], isRsa: true })
  const files = { cert: join(scratch, 'cert.pem'), key: join(scratch, 'key.pem') }
  writeFileSync(files.cert, certificate)
  writeFileSync(files.key, key)
  return files
}

async function begin(wanted: SuiteCall, folder: string): Promise<void> {
  const { code, output } = await call(wanted, folder)
  if (code !== 0) throw new Error(`it does not begin:\n${output.slice(-4000)}`)
}

/** What it printed, whether it failed or not: tests that fail are for its results to tell. */
async function call(
  { command, args, env }: SuiteCall,
  folder: string,
  minutes: number = minutesMax,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(command.startsWith('.') ? join(folder, command) : command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    timeout: minutes * 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, output }
}

function read(file: string, printed: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Error(`it wrote no results:\n${printed.slice(-4000)}`)
  }
}
