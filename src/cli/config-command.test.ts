import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runPabal } from '../../test/support/run-pabal.ts'

const environment = { PABAL_AMQP_PORT: '5' }

test('config show says where settings are from when asked for that, or for all columns', async () => {
  const shown = async (...flags: readonly string[]): Promise<string> => {
    const { stdout } = await runPabal(['config', 'show', '--given', ...flags], environment)
    return stdout
  }
  assert.match(await shown(), /^setting +value\namqp-port +5\n$/)
  const all = /^setting +value +origin\namqp-port +5 +PABAL_AMQP_PORT\n$/
  assert.match(await shown('--origin'), all)
  assert.match(await shown('-o', 'wide'), all)
})
