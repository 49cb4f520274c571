import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { readArguments } from './read-arguments.ts'

function expectUsageError(argv: readonly string[], text: RegExp): void {
  assert.throws(
    () => readArguments(argv),
    (error) => {
      assert.ok(error instanceof ExitError)
      assert.equal(error.exitCode, exitCodes.usage)
      assert.match(error.message, text)
      assert.ok(!error.message.includes('\n'), 'one line')
      return true
    },
  )
}

test('readArguments() starts the broker when no command is given', () => {
  assert.equal(readArguments([]).command, 'start')
  assert.deepEqual([...readArguments(['--amqp-port', '0']).flags], [['amqpPort', '0']])
})

test('readArguments() takes flags before and after the command', () => {
  for (const argv of [
    ['start', '--data', 'x'],
    ['--data', 'x', 'start'],
    ['--data=x', 'verify'],
    ['verify', '--data', 'x'],
  ]) {
    assert.deepEqual([...readArguments(argv).flags], [['data', 'x']], argv.join(' '))
  }
})

test('readArguments() reads repair --dry-run and --config', () => {
  const read = readArguments(['repair', '--dry-run', '--config', 'c.yaml'])
  assert.equal(read.command, 'repair')
  assert.equal(read.isDryRun, true)
  assert.equal(read.configFile, 'c.yaml')
  assert.equal(readArguments(['repair']).isDryRun, false)
})

test('readArguments() suggests the flag that was meant', () => {
  expectUsageError(['--amqp-prot', '1'], /--amqp-prot.*--amqp-port/)
})

test('readArguments() suggests the command that was meant', () => {
  expectUsageError(['verfy'], /unknown command verfy; did you mean verify\?/)
  expectUsageError(['dance'], /unknown command dance; see pabal --help/)
})

test('readArguments() refuses a flag without its value', () => {
  expectUsageError(['--amqp-port'], /argument missing/)
})
