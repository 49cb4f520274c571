import nodeAssert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { failsAssertion } from '../../test/support/fails-assertion.ts'
import { assert } from './assert.ts'

test('a condition that holds does nothing', () => {
  assert(true, 'holds')
})

test('a condition that does not hold throws what is wrong', () => {
  failsAssertion(() => assert(false, 'two and two are four'), /^Assertion failed: two and two/)
})

const swallowing = `
  import { assert } from ${JSON.stringify(new URL('assert.ts', import.meta.url).href)}
  try {
    assert(false, 'swallowed')
  } catch {}
  setImmediate(() => console.log('went on'))
`

test('a failed assertion ends the process although it is caught', async () => {
  const { code, out } = await new Promise<{ code: unknown; out: string }>((resolve) => {
    const args = ['--input-type=module', '--eval', swallowing]
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error?.code, out: stdout + stderr })
    })
  })
  nodeAssert.equal(code, 1)
  nodeAssert.match(out, /AssertionError: Assertion failed: swallowed/)
  nodeAssert.doesNotMatch(out, /went on/)
})
