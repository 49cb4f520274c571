// examples/retries does what its README says: waits that grow, dead letters, and their way back.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { findExampleLanguages } from './example-languages.ts'
import type { ExampleProgram } from './example-program.ts'

const firstRetryMs = 100

for (const { name, skip, startWith } of await findExampleLanguages()) {
  describe(`retries in ${name}`, { skip }, () => {
    let broker: TestBroker
    let worker: ExampleProgram
    const startWorker = async (): Promise<void> => {
      worker = program('worker')
      await worker.printed('worker waits', (lines) => lines.includes('waiting for payments'))
    }
    before(async () => {
      broker = await TestBroker.start()
    })
    afterEach(() => worker.kill())
    after(() => broker[Symbol.asyncDispose]())

    const program = (which: string, ...args: readonly string[]): ExampleProgram =>
      startWith('retries', which, {
        args,
        variables: { AMQP_URL: broker.url, FIRST_RETRY_MS: String(firstRetryMs) },
      })
    const run = async (which: string, ...args: readonly string[]): Promise<readonly string[]> => {
      await using running = program(which, ...args)
      await running.succeeded()
      return running.lines
    }
    const deadLetters = (...args: readonly string[]): Promise<readonly string[]> =>
      run('dead-letters', ...args)
    const twoAreDead = async (): Promise<void> => {
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      await waitFor('two dead letters', async () => {
        const { messageCount } = await channel.checkQueue('payments.dead')
        return messageCount === 2
      })
    }
    const tries = (id: string): (string | undefined)[] =>
      worker.lines
        .filter((line) => line.includes(`"${id}"`))
        .map((line) => /try \d/.exec(line)?.[0])

    it('pays at the third try, after waits that grow', async () => {
      await startWorker()
      const before = Date.now()
      await run('pay', 'b', 'busy')
      await worker.printed('payment', (lines) => lines.includes('paid b at try 3'))
      assert.ok(Date.now() - before >= firstRetryMs + 2 * firstRetryMs)
      assert.deepEqual(tries('b'), ['try 1', 'try 2'])
      assert.deepEqual(await deadLetters(), [])
    })

    it('pays what a client published without any headers', async () => {
      await startWorker()
      await using client = await RawClient.openChannel(broker.port)
      const body = JSON.stringify({ id: 'h', card: 'fine' })
      client.publish(1, { exchange: '', routingKey: 'payments' }, body)
      await worker.printed('payment', (lines) => lines.includes('paid h at try 1'))
    })

    it('gives up after four tries, and at once what can never work', async () => {
      await startWorker()
      await run('pay', 'e', 'expired')
      await run('pay', 'd', 'down')
      await worker.printed('four tries', () => tries('d').includes('try 4'))
      assert.deepEqual(tries('e'), ['try 1'])
      await twoAreDead()
      const shown = await deadLetters()
      assert.match(shown[0] ?? '', /^rejected in payments: .*"e".*"expired"/)
      assert.match(shown[1] ?? '', /^delivery_limit in payments: .*"d".*"down"/)
      assert.deepEqual(await deadLetters(), shown)
    })

    it('puts dead letters back, with all their tries', async () => {
      await startWorker()
      assert.equal((await deadLetters('--retry')).length, 2)
      await worker.printed('four tries', () => tries('d').includes('try 4'))
      assert.deepEqual(tries('d'), ['try 1', 'try 2', 'try 3', 'try 4'])
      assert.deepEqual(tries('e'), ['try 1'])
      await twoAreDead()
    })
  })
}
