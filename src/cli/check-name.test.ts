import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodes } from '../lib/exit-codes.ts'
import { programLimits } from '../limits/program.ts'
import { checkName } from './check-name.ts'

for (const name of ['a', '...', '.a', 'a/b', '/', '%2e%2e', '\u{1f407}', ' ', '\u001b']) {
  test(`a policy may be called ${JSON.stringify(name)}`, () => {
    assert.equal(checkName('policy', name), name)
  })
}

const tooLong = '\u{1f407}'.repeat(programLimits.askedNameSizeMax / 4 + 1)
for (const [name, text] of [
  ['', "the name of the policy is empty: give it one, such as 'limit'"],
  ['.', "the policy cannot be called '.': a path of HTTP cannot hold it; choose another name"],
  ['..', "the policy cannot be called '..': a path of HTTP cannot hold it; choose another name"],
  [tooLong, 'the name of the policy has more than 1024 bytes: choose a shorter one'],
] as const) {
  test(`no policy is called '${name.slice(0, 10)}'`, () => {
    const expected = { exitCode: exitCodes.usage, message: text }
    assert.throws(() => checkName('policy', name), expected)
  })
}
