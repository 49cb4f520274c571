// Runs librdkafka's tests, each in a process of its own, since one that fails may end its process or
// leave threads behind: node run-librdkafka.ts REPORT, in the folder of the suite, with BROKERS.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** They wait for most of their time, some of them for minutes. */
const AT_ONCE = 6
const TEST_MS = 480_000
/** For a machine that is busy. */
const PATIENCE = 3

type States = Record<string, { readonly state: string }>

const [results = 'report.json'] = process.argv.slice(2)
const brokers = process.env['BROKERS'] ?? '127.0.0.1:9092'
const folder = mkdtempSync(join(tmpdir(), 'pabal-rdk-'))
const [other = brokers] = (process.env['OTHER_BROKERS'] ?? '').split(' ')
/** It denies somebody something: who does not log in is an administrator, whom nothing is denied. */
const ofUser = '0109_auto_create_topics'

interface Test {
  readonly name: string
  /** How the broker is set up: with `noautocreate` it is the other one. */
  readonly scenario: string
}

function brokersOf({ scenario }: Test): string {
  return scenario === 'noautocreate' ? other : brokers
}

function writeSettings(test: Test): string {
  const { name } = test
  const file = join(folder, `${name}.conf`)
  const lines = [
    `bootstrap.servers=${brokersOf(test)}`,
    'test.topic.random=true',
    `test.timeout.multiplier=${PATIENCE}`,
  ]
  if (name === ofUser) {
    lines.push('security.protocol=SASL_PLAINTEXT', 'sasl.mechanism=PLAIN')
    lines.push('sasl.username=app', 'sasl.password=secret')
  }
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

/** States of all tests after those whose names have `name` in them ran, if the process lived to tell. */
async function run(test: Test): Promise<States> {
  const { name, scenario } = test
  const report = join(folder, `${name}.json`)
  // Tests that need no broker, or only librdkafka's own imitation of one, are left out (-L).
  const command = `trap '' PIPE; exec ./test-runner -L -p1 -s ${scenario}`
  const child = spawn('sh', ['-c', command], {
    cwd: 'tests',
    stdio: 'ignore',
    timeout: TEST_MS,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      BROKERS: brokersOf(test),
      TESTS: name,
      TEST_REPORT: report,
      TEST_KAFKA_VERSION: '4.3.0',
      RDKAFKA_TEST_CONF: writeSettings(test),
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

/** Those that need a broker, by the table of the runner's source, without those for people to run. */
const wanted = readFileSync('tests/test.c', 'utf8')
  .split('_TEST(')
  .flatMap((row): Test[] => {
    const [, name, flags = ''] = /^(\d\w+),\s*([^,)]+)/.exec(row) ?? []
    const [, scenario = 'default'] = /^[^;]*?\.scenario = "(\w+)/.exec(row) ?? []
    return name === undefined || /TEST_F_(LOCAL|MANUAL)/.test(flags) ? [] : [{ name, scenario }]
  })
const tests: States = {}
const left = wanted.values()
async function runSome(): Promise<void> {
  for (const test of left) {
    const states = await run(test)
    const state = states[test.name] ?? { state: 'FAILED' }
    tests[test.name] = state
    process.stdout.write(`${test.name}: ${state.state}\n`)
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, runSome))
rmSync(folder, { recursive: true, force: true })
writeFileSync(results, JSON.stringify({ tests }))
