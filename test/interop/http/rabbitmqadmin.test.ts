// RabbitMQ's own command lines over HTTP, which know nothing of Pabal. The first comes with a RabbitMQ that is
// installed here; the second is in Rust, which takes long to build: PABAL_INTEROP=rust builds it.
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { TestBroker } from '../../support/start-test-broker.ts'
import { buildRustTool, has } from '../languages.ts'
import { byProgram, byPython, checkLines } from './command-lines.ts'
import { linesOfOne } from './rabbitmqadmin-1.ts'
import { linesOfTwo } from './rabbitmqadmin-2.ts'

let broker: TestBroker
let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pabal-tools-'))
  broker = await TestBroker.start(['--http-port', '0'])
})
after(async () => {
  await broker[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

test('rabbitmqadmin 1, as RabbitMQ 3.10 has it', async (context) => {
  const pattern = '/usr/lib/rabbitmq/lib/*/plugins/rabbitmq_management-*/priv/www/cli/rabbitmqadmin'
  const [script] = globSync(pattern)
  if (script === undefined || !has('python3', '--version')) {
    assert.notEqual(process.env['PABAL_REQUIRE_ALL'], '1', 'missing: RabbitMQ, or python3')
    return context.skip('missing: RabbitMQ, or python3')
  }
  await checkLines(byPython(script, ['--port', `${broker.httpPort}`]), linesOfOne(folder))
})

// Nobody waits for Rust in CI.
const isForRust = /\brust\b/.test(process.env['PABAL_INTEROP'] ?? '')
if (isForRust) {
  test('rabbitmqadmin 2', { timeout: 3_600_000 }, async () => {
    const prepared = await buildRustTool('rabbitmqadmin', '2.35.0')
    assert.ok(!('missing' in prepared), JSON.stringify(prepared))
    const login = ['--port', `${broker.httpPort}`, '--username', 'guest', '--password', 'guest']
    const options = [...prepared.args, '--non-interactive', ...login]
    await checkLines(byProgram(prepared.command, options), linesOfTwo(folder))
  })
}
