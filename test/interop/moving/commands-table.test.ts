// The table of commands in docs/moving-from-rabbitmq.md: from its first row to its last each one does
// what it says, so that a row's command finds what the rows above have made.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { commandsOf, wordsOf } from '../../../scripts/pages.ts'
import { readCommandLine } from '../../../src/cli/command-line.ts'
import { exitCodes } from '../../../src/lib/exit-codes.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { openTerminalDouble } from '../../support/terminal-double.ts'

const page = join(import.meta.dirname, '../../../docs/moving-from-rabbitmq.md')

let broker: TestBroker
let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pabal-commands-'))
  writeFileSync(join(folder, 'password'), 'secret\n')
  broker = await TestBroker.start()
})
after(async () => {
  await broker[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Of one that is there to be closed. */
async function nameOfConnection(): Promise<string> {
  const { model } = await AmqpSession.open(broker.url)
  const { localPort, remotePort } = (model.connection as unknown as { readonly stream: Socket })
    .stream
  return `127.0.0.1:${localPort} -> 127.0.0.1:${remotePort}`
}

test('the commands of the table can be given one after another', async () => {
  const [, section = ''] = readFileSync(page, 'utf8').split('\n## Commands\n')
  const table = section
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n')
  const commands = commandsOf(table)
  assert.ok(commands.length > 20, `${commands.length} commands`)
  const terminal = openTerminalDouble()
  for (const command of commands) {
    const file = command.startsWith('definitions') ? 'definitions.json' : 'password'
    const name = command.includes('NAME') ? await nameOfConnection() : ''
    const given = command.replace('FILE', join(folder, file)).replace('NAME', `'${name}'`)
    const words = wordsOf(given)
    const yes = /delete|clear|purge|\brm\b|close/.test(command) ? ['--yes'] : []
    const { run, flags } = await readCommandLine([...words, ...yes, '--data', broker.dataFolder])
    assert.ok(run, command)
    const session = { terminal, flags, configFile: undefined, environment: {}, broker: {} }
    assert.equal(await run(session), exitCodes.ok, command)
  }
  for (const line of ["Deleted: user 'app'", "Deleted: virtual host 'shop'"])
    assert.ok(terminal.printed.includes(line), line)
  assert.ok(terminal.told.includes('There are no queues'))
})
