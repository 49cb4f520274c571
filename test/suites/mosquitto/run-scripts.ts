// Runs Mosquitto's scripts one after the other in this folder and tells in JUnit's form how they ended:
// node run-scripts.ts RESULTS. Left out is what tests Mosquitto's own: bridges, its plugins, TLS by its certificates.

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../../bench/systems/ports.ts'

const [results = ''] = process.argv.slice(2)
/** Some start a dozen brokers one after the other. */
const SCRIPT_MS = 240_000
const folder = 'test/broker'
/** Bridges, TLS, plugins and its dynamic security, and parts of other scripts. */
const left = /^(?:06|08|09|14|15|16)-|helper|^(?:test|prop_)/

/** Undefined when it passed, else what it said last. */
async function run(script: string): Promise<string | undefined> {
  const scratch = mkdtempSync(join(tmpdir(), 'pabal-mosquitto-'))
  const child = spawn('python3', [script, ...(await freePorts(3)).map(String)], {
    cwd: folder,
    env: { ...process.env, SHIM_NODE: process.execPath, TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const timeout = setTimeout(() => killGroup(child.pid), SCRIPT_MS)
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  clearTimeout(timeout)
  // A broker that a script has left behind.
  killGroup(child.pid)
  rmSync(scratch, { recursive: true, force: true })
  return code === 0 ? undefined : output.slice(-1500) || `ended with ${code}`
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

function escape(text: string): string {
  const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' }
  return text.replaceAll(/[&<"]/g, (sign) => signs[sign] ?? sign).replaceAll(/[^\n\x20-\x7e]/g, '?')
}

const only = process.env['MOSQUITTO_SCRIPTS']
const scripts = readdirSync(folder)
  .filter((name) => name.endsWith('.py') && !left.test(name))
  .filter((name) => only === undefined || new RegExp(only).test(name))
  .toSorted()
const cases: string[] = []
for (const script of scripts) {
  // A machine that is busy with others is late now and then; what fails twice has failed.
  const first = await run(script)
  const failure = first === undefined ? undefined : await run(script)
  const name = script.replace(/\.py$/, '')
  process.stdout.write(`${failure === undefined ? 'ok' : 'FAILED'} ${name}\n`)
  if (failure !== undefined) process.stdout.write(failure.replaceAll(/^/gm, '    ') + '\n')
  const inside = failure === undefined ? '' : `<failure>${escape(failure)}</failure>`
  cases.push(`<testcase name="${name}">${inside}</testcase>`)
}
writeFileSync(
  results,
  `<testsuites><testsuite name="broker">${cases.join('\n')}</testsuite></testsuites>`,
)
