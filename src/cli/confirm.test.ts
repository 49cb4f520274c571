import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTerminalDouble } from '../../test/support/terminal-double.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { isMeant } from './confirm.ts'

const wish = { deed: "delete queue 'a' with 12 messages", place: 'https://shop' }

test('somebody who can be asked is asked, and told what will be touched where', async () => {
  for (const answer of ['y', 'Yes ']) {
    const terminal = openTerminalDouble([answer])
    assert.equal(await isMeant(terminal, wish, {}), true)
    assert.deepEqual(terminal.told, [
      "Really delete queue 'a' with 12 messages (https://shop)? [y/N] ",
    ])
  }
  for (const answer of ['', 'n', 'yesterday']) {
    const asked = isMeant(openTerminalDouble([answer]), wish, {})
    await assert.rejects(asked, {
      exitCode: exitCodes.notPermitted,
      message: 'nothing was changed',
    })
  }
})

test('where nobody can be asked it has to be said', async () => {
  const expected = {
    exitCode: exitCodes.usage,
    message: "this would delete queue 'a' with 12 messages: say --yes where nobody can be asked",
  }
  await assert.rejects(isMeant(openTerminalDouble(), wish, {}), expected)
  assert.equal(await isMeant(openTerminalDouble(), wish, { yes: true }), true)
})

test('a dry run changes nothing, even when all is said', async () => {
  const terminal = openTerminalDouble()
  assert.equal(await isMeant(terminal, wish, { dryRun: true, yes: true }), false)
  assert.deepEqual(terminal.printed, ["Would delete queue 'a' with 12 messages"])
})
