// The program's life seen from outside: it says when it is ready, and every way to stop it is clean.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { otherPortsOff } from '../../src/cli/other-ports-off.ts'
import { hasIpv6Loopback } from '../support/loopbacks.ts'
import { waitFor } from '../support/wait-for.ts'
import { isRunning, BrokerProgram, ScratchFolder } from './broker-program.ts'

const freePorts = [
  ...otherPortsOff,
  ...['amqp', 'http', 'kafka', 'metrics'].flatMap((name) => [`--${name}-port`, '0']),
]

/** How both loopbacks are written, or the one that this machine has. */
const shown = hasIpv6Loopback() ? 'localhost' : '127\\.0\\.0\\.1'

/** Flags of a broker that is alone in `folder`. */
function flagsIn(folder: ScratchFolder): { readyFile: string; flags: string[] } {
  const readyFile = folder.file('ready.json')
  const flags = ['--data', folder.file('data'), '--ready-file', readyFile, ...freePorts]
  return { readyFile, flags }
}

test('the broker prints its addresses and that it is ready, and writes the ready file', async (t) => {
  using folder = new ScratchFolder()
  const { readyFile, flags } = flagsIn(folder)
  const startedAt = performance.now()
  await using program = BrokerProgram.run(folder, flags)
  const ready = await program.ready(readyFile)
  t.diagnostic(`ready ${Math.round(performance.now() - startedAt)} ms after the process start`)
  await waitFor('the last line', () => program.stdout.includes('Server startup complete\n'))
  assert.equal(ready.pid, program.child.pid)
  assert.ok(program.stdout.startsWith('Pabal '), 'nothing stands before its name')
  assert.match(program.stdout, new RegExp(`http://${shown}:${ready.http?.port}\n`))
  assert.match(program.stdout, new RegExp(`amqp://${shown}:${ready.amqp?.port}\n`))
  assert.ok((ready.amqp?.port ?? 0) > 0)
  const health = await fetch(`http://127.0.0.1:${ready.http?.port}/health/ready`)
  assert.equal(health.status, 200)
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} stops the broker with exit code 0`, async () => {
    using folder = new ScratchFolder()
    const { readyFile, flags } = flagsIn(folder)
    await using program = BrokerProgram.run(folder, flags)
    await program.ready(readyFile)
    program.child.kill(signal)
    assert.deepEqual(await program.ended(), { code: 0, signal: null })
    assert.ok(!existsSync(readyFile), 'the ready file is gone')
  })
}

test('a signal that arrives twice at once is one', async () => {
  using folder = new ScratchFolder()
  const { readyFile, flags } = flagsIn(folder)
  await using program = BrokerProgram.run(folder, flags)
  await program.ready(readyFile)
  program.child.kill('SIGINT')
  program.child.kill('SIGTERM')
  program.child.kill('SIGINT')
  assert.deepEqual(await program.ended(), { code: 0, signal: null })
})

test('a signal before the broker is ready stops it', async () => {
  using folder = new ScratchFolder()
  const { flags } = flagsIn(folder)
  await using program = BrokerProgram.run(folder, [...flags, '--log-level', 'debug'])
  await waitFor('the data folder', () => existsSync(folder.file('data')) || program.stdout !== '')
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended(), { code: 0, signal: null })
})

test('a broker that stopped starts again on its data', async () => {
  using folder = new ScratchFolder()
  const { readyFile, flags } = flagsIn(folder)
  for (let start = 0; start < 2; start++) {
    await using program = BrokerProgram.run(folder, flags)
    await program.ready(readyFile)
    program.child.kill('SIGTERM')
    assert.equal((await program.ended()).code, 0)
  }
})

test('a port that is off is not opened', async () => {
  using folder = new ScratchFolder()
  const { readyFile, flags } = flagsIn(folder)
  await using program = BrokerProgram.run(folder, [...flags, '--http-port', 'off'])
  const ready = await program.ready(readyFile)
  assert.equal(ready.http, undefined)
})

test('the log is JSON when stderr is no terminal, and text when asked for', async () => {
  using folder = new ScratchFolder()
  const { readyFile, flags } = flagsIn(folder)
  for (const [format, pattern] of [
    ['auto', /^\{"level":"warn",.*"msg":"environment: unknown setting/m],
    ['human', /WARN: environment: unknown setting/],
  ] as const) {
    const args = [...flags, '--log-format', format]
    await using program = BrokerProgram.run(folder, args, { PABAL_AMQP_PROT: '1' })
    await program.ready(readyFile)
    assert.match(program.stderr, pattern)
    program.child.kill('SIGTERM')
    await program.ended()
  }
})

test('a password never stands in the output', async () => {
  using folder = new ScratchFolder()
  const { readyFile, flags } = flagsIn(folder)
  writeFileSync(folder.file('password'), 'swordfish\n')
  const user = [
    '--user',
    'shop',
    '--password-file',
    folder.file('password'),
    '--log-level',
    'trace',
  ]
  await using program = BrokerProgram.run(folder, [...flags, ...user])
  await program.ready(readyFile)
  program.child.kill('SIGTERM')
  await program.ended()
  assert.doesNotMatch(program.stdout + program.stderr, /swordfish/)
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
  test(`${signal} to npm start leaves no broker behind`, async () => {
    using folder = new ScratchFolder()
    const { readyFile, flags } = flagsIn(folder)
    await using npm = BrokerProgram.npmStart(flags)
    const { pid } = await npm.ready(readyFile)
    await waitFor('its first line', () => npm.stdout !== '')
    assert.ok(
      npm.stdout.startsWith('Pabal '),
      `no command of npm's stands before it: ${npm.stdout}`,
    )
    assert.notEqual(pid, npm.child.pid)
    assert.ok(isRunning(pid))
    npm.child.kill(signal)
    await waitFor('the broker is gone', () => !isRunning(pid))
    assert.ok(!existsSync(readyFile), 'it stopped cleanly')
  })
}

test('the program stops when it has another parent than --parent-pid', async () => {
  using folder = new ScratchFolder()
  const { flags } = flagsIn(folder)
  await using program = BrokerProgram.run(folder, [...flags, '--parent-pid', '1'])
  assert.equal((await program.ended()).code, 0)
  assert.match(program.stderr, /the parent process ended/)
})

test('--version prints the version and start --help every setting', async () => {
  using folder = new ScratchFolder()
  await using versionRun = BrokerProgram.run(folder, ['--version'])
  assert.equal((await versionRun.ended()).code, 0)
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  assert.equal(versionRun.stdout, `${version}\n`)
  await using helpRun = BrokerProgram.run(folder, ['start', '--help'])
  assert.equal((await helpRun.ended()).code, 0)
  for (const flag of ['--data', '--amqp-port', '--ready-file']) {
    assert.ok(helpRun.stdout.includes(flag), flag)
  }
})
