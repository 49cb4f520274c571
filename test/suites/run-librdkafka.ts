// Runs librdkafka's tests, each in a process of its own, since one that fails may end its process or
// leave threads behind: node run-librdkafka.ts REPORT, in the folder of the suite, with BROKERS.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const AT_ONCE = 4
const TEST_MS = 180_000
/** For a machine that is busy. */
const PATIENCE = 3

type States = Record<string, { readonly state: string }>

const [results = 'report.json'] = process.argv.slice(2)
const brokers = process.env['BROKERS'] ?? '127.0.0.1:9092'
const folder = mkdtempSync(join(tmpdir(), 'pabal-rdk-'))
const settings = join(folder, 'test.conf')
writeFileSync(
  settings,
  `bootstrap.servers=${brokers}\ntest.topic.random=true\ntest.timeout.multiplier=${PATIENCE}\n`,
)

/** States of all tests after those whose names have `name` in them ran, if the process lived to tell. */
async function run(name: string): Promise<States> {
  const report = join(folder, `${name}.json`)
  // Tests that need no broker, or only librdkafka's own imitation of one, are left out (-L).
  const command = "trap '' PIPE; exec ./test-runner -L -p1"
  const child = spawn('sh', ['-c', command], {
    cwd: 'tests',
    stdio: 'ignore',
    timeout: TEST_MS,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      TESTS: name,
      TEST_REPORT: report,
      TEST_KAFKA_VERSION: '4.3.0',
      RDKAFKA_TEST_CONF: settings,
      KAFKA_PATH: resolve('kafka'),
      LD_LIBRARY_PATH: '../src:../src-cpp',
    },
  })
  await once(child, 'exit')
  try {
    return (JSON.parse(readFileSync(report, 'utf8')) as { tests: States }).tests
  } catch {
    return {}
  }
}

const names = Object.keys(await run('none')).filter((name) => !/<MAIN>|_local$|_mock$/.test(name))
const tests: States = {}
const left = names.values()
async function runSome(): Promise<void> {
  for (const name of left) {
    const states = await run(name)
    tests[name] = states[name] ?? { state: 'FAILED' }
    process.stdout.write(`${name}: ${tests[name].state}\n`)
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, runSome))
rmSync(folder, { recursive: true, force: true })
writeFileSync(results, JSON.stringify({ tests }))
