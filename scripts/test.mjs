// Runs the tests with node --test: all of them, or the files and flags that were given.
//   npm test
//   npm test -- src/lib/loopback.test.ts
//   npm test -- --test-name-pattern 'publish'
// With PABAL_REQUIRE_ALL=1 (as .ci/run sets it) a run of everything also fails when it finds fewer
// tests than there should be, or when any test was skipped (see require-all-reporter.mjs).
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

const everything = ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts']
const given = process.argv.slice(2)
const isFile = (argument) =>
  !argument.startsWith('-') && (argument.includes('.test.') || existsSync(argument))
const files = given.some(isFile) ? [] : everything

// Pages that nobody retains are written over: views that were kept too long show everywhere.
const poison = new URL('../src/testing/poison-pages.ts', import.meta.url).href
const flags = ['--test', '--test-timeout=600000', '--import', poison]
if (process.env.PABAL_REQUIRE_ALL && given.length === 0) {
  flags.push('--test-reporter=./scripts/require-all-reporter.mjs')
  flags.push('--test-reporter-destination=stderr')
  flags.push('--test-reporter=spec', '--test-reporter-destination=stdout')
}

const child = spawn(process.execPath, [...flags, ...given, ...files], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))

// A test that never lets go of its thread outlives --test-timeout, and the run with it.
const minutesMax = 60
const deadline = setTimeout(() => {
  console.error(`The tests did not end within ${minutesMax} minutes.`)
  child.kill('SIGINT')
}, minutesMax * 60_000)

child.on('exit', (code) => {
  clearTimeout(deadline)
  process.exitCode = code ?? 1
})
