// Runs one suite against a Pabal at the default ports.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../support/make-certificate.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { readGo, readJunit, type Outcomes } from './read-results.ts'
import type { Suite, SuiteCall } from './suites.ts'

const SUITE_MS = 15 * 60_000
const ports: readonly string[] = ['--amqp-port', '5672', '--amqp-tls-port', '5671']

/** @throws Error when the ports are taken, or the suite wrote no results. */
export async function runSuite(suite: Suite, folder: string): Promise<Outcomes> {
  const scratch = mkdtempSync(join(tmpdir(), 'pabal-suite-'))
  try {
    const certificate = certificateOf(suite, folder, scratch)
    const tls = ['--tls-cert', certificate.cert, '--tls-key', certificate.key]
    await using _broker = await TestBroker.start([...ports, ...tls])
    const results = join(scratch, 'results')
    const printed = await call(suite.run(results), folder)
    if (suite.format === 'go') return readGo(printed)
    return readJunit(read(results, printed))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function certificateOf(
  { certificate }: Suite,
  folder: string,
  scratch: string,
): { cert: string; key: string } {
  if (certificate)
    return { cert: join(folder, certificate.cert), key: join(folder, certificate.key) }
  const made = makeCertificate({ hosts: ['localhost', '127.0.0.1'], isRsa: true })
  const [cert, key] = [join(scratch, 'cert.pem'), join(scratch, 'key.pem')]
  writeFileSync(cert, made.certificate)
  writeFileSync(key, made.key)
  return { cert, key }
}

/** What it printed, whether it failed or not: tests that fail are for its results to tell. */
async function call({ command, args, env }: SuiteCall, folder: string): Promise<string> {
  const child = spawn(command.startsWith('.') ? join(folder, command) : command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    timeout: SUITE_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return output
}

function read(file: string, printed: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Error(`it wrote no results:\n${printed.slice(-4000)}`)
  }
}
