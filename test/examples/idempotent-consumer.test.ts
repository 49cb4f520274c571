// examples/idempotent-consumer does what its README says: a deposit that comes twice is booked once.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { type BrokerUnderTest, startBrokerUnderTest } from '../support/broker-under-test.ts'
import { findExampleLanguages } from './example-languages.ts'
import type { ExampleProgram } from './example-program.ts'

const queue = 'deposits'

for (const { name, skip, startWith } of await findExampleLanguages()) {
  describe(`idempotent-consumer in ${name}`, { skip }, () => {
    let broker: BrokerUnderTest
    let folder: string
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'pabal-bank-'))
      broker = await startBrokerUnderTest()
      await using session = await AmqpSession.open(broker.url)
      await (await session.channel()).deleteQueue(queue)
    })
    after(async () => {
      await broker[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    })

    const program = (which: string, ...args: readonly string[]): ExampleProgram =>
      startWith('idempotent-consumer', which, {
        args,
        variables: { AMQP_URL: broker.url, BANK_FILE: join(folder, 'bank.sqlite') },
      })
    const payIn = async (...args: readonly string[]): Promise<void> => {
      await using payer = program('pay-in', ...args)
      await payer.succeeded()
    }
    const balances = (): Record<string, unknown> => {
      using database = new DatabaseSync(join(folder, 'bank.sqlite'), { readOnly: true })
      const rows = database.prepare('SELECT name, balance FROM accounts').all()
      return Object.fromEntries(rows.map(({ name: account, balance }) => [account, balance]))
    }

    it('books once what is sent twice', async () => {
      await using bank = program('bank')
      await payIn('d-1', 'alice', '100')
      await payIn('d-1', 'alice', '100')
      await payIn('d-2', 'alice', '20')
      await payIn('d-3', 'bob', '7')
      await bank.printed('all', (lines) => lines.includes('booked d-3'))
      // It may have booked before it says that it waits.
      const said = bank.lines.filter((line) => line !== 'waiting for deposits')
      assert.deepEqual(said, ['booked d-1', 'has d-1 already', 'booked d-2', 'booked d-3'])
      assert.deepEqual(balances(), { alice: 120, bob: 7 })
    })

    it('knows after a kill what it has booked', async () => {
      {
        await using bank = program('bank')
        await payIn('d-4', 'bob', '3')
        await bank.printed('deposit', (lines) => lines.includes('booked d-4'))
        await bank.kill()
      }
      await payIn('d-4', 'bob', '3')
      await using bank = program('bank')
      await bank.printed('duplicate', (lines) => lines.includes('has d-4 already'))
      assert.deepEqual(balances(), { alice: 120, bob: 10 })
    })
  })
}
