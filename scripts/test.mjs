// Runs the tests with node --test: all of them, or the files and flags that were given.
//   npm test
//   npm test -- src/lib/loopback.test.ts
//   npm test -- --test-name-pattern 'publish'
// A run of everything has three parts. Tests beside the code have nothing but the processor to share, and run on
// all of it. Those that measure how long somebody waits, or how much memory something takes, have the machine to
// themselves. All others wait more than they work, for brokers, browsers and clients, and run two at a time. With
// PABAL_TEST_TURNS=turn groups of them take turns by commit (see test-groups.ts).
// With PABAL_REQUIRE_ALL=1 (as .ci/run sets it) a run of everything also fails when it finds fewer
// tests than there should be, or when any test was skipped (see require-all-reporter.mjs).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { groupsToRun, testGroups } from './test-groups.ts'

const root = path.dirname(import.meta.dirname)

/** They look at the clock or at memory, and what runs beside them would show. */
const measuring = [
  'test/conformance/amqp/{delayed-exchanges,flood,heartbeats,rate-limits,waits}.test.ts',
  'test/conformance/crossing/large-batches.test.ts',
  'test/conformance/kafka/{blocked,connections,memory-budgets,quotas,rate-limits}.test.ts',
  'test/conformance/kafka/{large-batches,reauthentication,settings,waits}.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/hostile/**/*.test.ts',
  'test/integration/a-million-delayed.test.ts',
  'test/soak/**/*.test.ts',
].flatMap(filesOf)
const given = process.argv.slice(2)
const isFile = (argument) =>
  !argument.startsWith('-') && (argument.includes('.test.') || existsSync(argument))
const isEverything = !given.some(isFile)

const running = isEverything ? groupsToRun() : []
const resting = testGroups.filter((group) => !running.includes(group))
const left = [...measuring, ...resting.flatMap(filesOfGroup)]
const waiting = filesOf('test/**/*.test.ts').filter((file) => !left.includes(file))
const groupCountMin = running.reduce((count, { testCountMin }) => count + testCountMin, 0)

const everything = [
  {
    patterns: ['src/**/*.test.ts', 'ui/**/*.test.ts', 'scripts/**/*.test.ts'],
    flags: [`--test-concurrency=${availableParallelism()}`],
    testCountMin: 2500,
  },
  { patterns: measuring, flags: ['--test-concurrency=1'], testCountMin: 85 },
  { patterns: waiting, flags: ['--test-concurrency=2'], testCountMin: 2800 + groupCountMin },
]

function filesOf(pattern) {
  const files = globSync(pattern, { cwd: root, exclude: (name) => name === 'node_modules' })
  if (files.length === 0) throw new Error(`${pattern}: there is no such test`)
  return files
}

function filesOfGroup({ patterns, always }) {
  const kept = always.flatMap(filesOf)
  return patterns.flatMap(filesOf).filter((file) => !kept.includes(file))
}

const runs = isEverything ? everything : [{ patterns: [], flags: [], testCountMin: 0 }]
if (isEverything && resting.length > 0) {
  const names = (groups) => groups.map(({ name }) => name).join(', ')
  console.log(`Groups of tests that run: ${names(running)}; not their turn: ${names(resting)}`)
}

// Pages that nobody retains are written over: views that were kept too long show everywhere.
const poison = new URL('../src/testing/poison-pages.ts', import.meta.url).href
const shared = ['--test', '--test-timeout=600000', '--import', poison]
if (process.env.PABAL_REQUIRE_ALL && given.length === 0) {
  shared.push('--test-reporter=./scripts/require-all-reporter.mjs')
  shared.push('--test-reporter-destination=stderr')
  shared.push('--test-reporter=spec', '--test-reporter-destination=stdout')
}

// A test that never lets go of its thread outlives --test-timeout, and the run with it.
const minutesMax = 60
let child
let isStopped = false
const deadline = setTimeout(() => {
  console.error(`The tests did not end within ${minutesMax} minutes.`)
  isStopped = true
  process.exitCode = 1
  child?.kill('SIGINT')
}, minutesMax * 60_000)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    isStopped = true
    child?.kill(signal)
  })
}

for (const { patterns, flags, testCountMin } of runs) {
  child = spawn(process.execPath, [...shared, ...flags, ...given, ...patterns], {
    stdio: 'inherit',
    env: { ...process.env, PABAL_TEST_COUNT_MIN: String(testCountMin) },
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exitCode = code ?? 1
  if (isStopped) break
}
clearTimeout(deadline)
