// examples/priority does what its README says.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { startBrokerUnderTest } from '../support/broker-under-test.ts'
import { findExampleLanguages } from './example-languages.ts'

const orders = [
  ['0', 'nightly'],
  ['2', 'weekly'],
  ['9', 'urgent'],
  ['3', 'urgent too'],
  ['0', 'yearly'],
] as const

for (const { name, skip, start } of await findExampleLanguages()) {
  describe(`priority in ${name}`, { skip }, () => {
    it('makes urgent reports first, equal ones in their order', async () => {
      await using broker = await startBrokerUnderTest()
      {
        await using session = await AmqpSession.open(broker.url)
        await (await session.channel()).deleteQueue('report_orders')
      }
      for (const order of orders) {
        await using program = start('priority', 'order', broker.url, order)
        await program.succeeded()
      }
      await using worker = start('priority', 'worker', broker.url)
      const made = (lines: readonly string[]): string[] =>
        lines.filter((line) => line.startsWith('made'))
      await worker.printed('all reports', (lines) => made(lines).length === orders.length)
      assert.deepEqual(made(worker.lines), [
        'made urgent',
        'made urgent too',
        'made weekly',
        'made nightly',
        'made yearly',
      ])
    })
  })
}
