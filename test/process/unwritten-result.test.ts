// What a command found cannot be written: whoever reads a file of it later must not take it for all.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { within } from '../support/wait-for.ts'

const program = path.join(import.meta.dirname, '../../src/main.ts')
const command = [program, 'config', 'show']

test('on a full disk a command ends with 74', { skip: process.platform !== 'linux' }, async () => {
  const full = openSync('/dev/full', 'w')
  try {
    const child = spawn(process.execPath, command, { stdio: ['ignore', full, 'pipe'] })
    const [[code], said] = await within(
      'it ends',
      Promise.all([once(child, 'close'), text(child.stderr!)]),
    )
    assert.equal(code, 74)
    assert.match(said, /^pabal: cannot write the result: ENOSPC/)
  } finally {
    closeSync(full)
  }
})

test('a reader that has seen enough is no failure', async () => {
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  const [[code], said] = await within(
    'it ends',
    Promise.all([once(child, 'close'), text(child.stderr)]),
  )
  assert.deepEqual([code, said], [0, ''])
})
