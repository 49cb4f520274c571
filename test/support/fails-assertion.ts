// For tests of guards: an assertion that fails would end the process that runs the test.
import assert from 'node:assert/strict'
import { type AssertionError, withFailuresTold } from '../../src/lib/assert.ts'

/** `action` fails an assertion whose message matches, whatever catches what it throws. */
export function failsAssertion(action: () => void, message: RegExp): void {
  const failures: AssertionError[] = []
  withFailuresTold(
    (error) => failures.push(error),
    () => {
      try {
        action()
      } catch (error) {
        assert.ok(failures.includes(error as AssertionError), `not an assertion: ${String(error)}`)
      }
    },
  )
  assert.equal(failures.length, 1, 'one assertion fails')
  assert.match(failures[0]?.message ?? '', message)
}
