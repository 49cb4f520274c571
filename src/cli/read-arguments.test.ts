import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { settingKeys, settingName } from '../settings/settings.ts'
import { readCommandLine } from './command-line.ts'
import { readArguments, readSettings } from './read-arguments.ts'

async function expectUsageError(argv: readonly string[], text: RegExp): Promise<void> {
  await assert.rejects(readArguments(argv), (error) => {
    assert.ok(error instanceof ExitError)
    assert.equal(error.exitCode, exitCodes.usage)
    assert.match(error.message, text)
    assert.ok(!error.message.includes('\n'), 'one line')
    return true
  })
}

test('readArguments() starts the broker when no command is given', async () => {
  assert.equal((await readArguments([])).command, 'start')
  assert.deepEqual([...(await readArguments(['--amqp-port', '0'])).flags], [['amqpPort', '0']])
})

test('readArguments() takes flags before and after the command', async () => {
  for (const argv of [
    ['start', '--data', 'x'],
    ['--data', 'x', 'start'],
    ['--data=x', 'verify'],
    ['verify', '--data', 'x'],
  ]) {
    assert.deepEqual([...(await readArguments(argv)).flags], [['data', 'x']], argv.join(' '))
  }
})

test('readArguments() reads --config before and after the command', async () => {
  for (const line of ['repair --dry-run --config c.yaml', '--config c.yaml repair']) {
    const { command, configFile, run } = await readArguments(line.split(' '))
    assert.deepEqual([command, configFile, typeof run], ['run', 'c.yaml', 'function'])
  }
})

test('readArguments() refuses settings that a command does nothing with', async () => {
  for (const line of ['--amqp-port 1 queue list', '--host localhost verify']) {
    await expectUsageError(line.split(' '), /^--(amqp-port|host) means nothing to pabal /)
  }
  await expectUsageError(['repair', '--amqp-port', '1'], /unknown option '--amqp-port'/)
})

test('readArguments() suggests the flag that was meant', async () => {
  await expectUsageError(['--amqp-prot', '1'], /--amqp-prot.*--amqp-port/)
})

test('readArguments() suggests the command that was meant', async () => {
  await expectUsageError(['verfy'], /unknown command verfy; did you mean verify\?/)
  await expectUsageError(['dance'], /unknown command dance; see pabal --help/)
  await expectUsageError(['verfy', '--yes'], /unknown command verfy; did you mean verify\?/)
})

test('readArguments() says which words a command is followed by', async () => {
  await expectUsageError(
    ['policy'],
    /^policy is followed by set, list, show or delete; see pabal policy --help$/,
  )
  await expectUsageError(
    ['user', 'limits'],
    /^unknown command user limits; did you mean user limit\?$/,
  )
  await expectUsageError(
    ['vhost', 'dance'],
    /^unknown command vhost dance; see pabal vhost --help$/,
  )
})

test('readArguments() says what a rewind may go to', async () => {
  const rewind = ['queue', 'rewind', 'q']
  await expectUsageError(rewind, /needs either --to-offset or --to-time/)
  await expectUsageError([...rewind, '--to-time', 'yesterday'], /: use a time like 2026-/)
  await expectUsageError([...rewind, '--to-offset', '-1'], /: use a whole number$/)
})

test('readArguments() points to the help of the command that was meant', async () => {
  await expectUsageError(['--amqp-prot', '1'], /; see pabal --help$/)
  await expectUsageError(['verify', '--dry'], /; see pabal verify --help$/)
  await expectUsageError(['policy', '--all'], /; see pabal policy --help$/)
  await expectUsageError(['policy', 'set', 'x'], /'PATTERN'; see pabal policy set --help$/)
  await expectUsageError(['policy', 'list', 'x'], /got 1: x; see pabal policy list --help$/)
})

test('readArguments() says which words an operand may be', async () => {
  const text = /^SHELL cannot be 'powershell': use bash, zsh or fish; see pabal completion --help$/
  await expectUsageError(['completion', 'powershell'], text)
})

test('readArguments() refuses a flag without its value', async () => {
  await expectUsageError(['--amqp-port'], /argument missing/)
})

test('settings are read in the same way with and without the library', async () => {
  const name = fc.constantFrom('config', ...settingKeys.map(settingName), 'help', 'dry-run', 'x')
  const value = fc.constantFrom('', '0', 'off', 'a b', '=', '-', '-1', '--data', 'start', 'verify')
  const words = fc.oneof(
    fc.tuple(name, value).map(([flag, text]) => [`--${flag}`, text]),
    fc.tuple(name, value).map(([flag, text]) => [`--${flag}=${text}`]),
    fc.oneof(value, name).map((word) => [word]),
  )
  let readCount = 0
  await fc.assert(
    fc.asyncProperty(fc.array(words, { maxLength: 3 }), async (parts) => {
      const argv = parts.flat()
      const read = readSettings(argv)
      if (read === undefined) return
      readCount++
      assert.deepEqual(read, await readCommandLine(argv))
    }),
    { numRuns: 1000 },
  )
  assert.ok(readCount > 100, `only ${readCount} were read without the library`)
})

test('readSettings() leaves commands, help, mistakes and values like flags to the library', () => {
  for (const argv of [['start'], ['--help'], ['--data'], ['--user', '-x'], ['-h'], ['--'], ['']]) {
    assert.equal(readSettings(argv), undefined, argv.join(' '))
  }
})

test('readArguments() reads what to ask a running broker', async () => {
  const line = 'policy set limit ^q {"max-length":1} --data x --operator'
  const { command, flags, run } = await readArguments(line.split(' '))
  assert.deepEqual([command, [...flags], typeof run], ['run', [['data', 'x']], 'function'])
  const before = await readArguments(['--data', 'x', 'policy', 'list', '-o', 'json'])
  assert.deepEqual([...before.flags], [['data', 'x']])
})

const wrongPolicyCommands: Record<string, RegExp> = {
  policy: /followed by set, list, show or delete/,
  'policy put': /unknown command policy put; did you mean policy set\?/,
  'policy set a b': /missing required argument 'DEFINITION'/,
  'policy set a b {} c': /too many arguments/,
  'policy set a b {': /the definition is no JSON .*write it like/,
  'policy set a b {} --priority high': /--priority high is no number/,
  'policy list -o xml': /--output xml is unknown/,
  'policy list --priority 1': /unknown option '--priority'/,
  polcy: /did you mean policy\?/,
}
for (const [line, text] of Object.entries(wrongPolicyCommands)) {
  test(`readArguments() refuses '${line}'`, () => expectUsageError(line.split(' '), text))
}
