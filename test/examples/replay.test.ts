// examples/replay does what its README says: acked messages come back, the same ones in the same order.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { BrokerClient } from '../../src/cli/broker-client.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { findExampleLanguages } from './example-languages.ts'
import { ExampleProgram } from './example-program.ts'

const mainFile = join(import.meta.dirname, '../../src/main.ts')
const queue = 'invoices'

/** What the invoices of these sales are with a tax. */
const invoices = (ids: readonly number[], percent: number): string[] =>
  ids.map((id) => `invoice ${id} is ${(id * (1 + percent / 100)).toFixed(2)}`)

for (const { name, skip, start } of await findExampleLanguages()) {
  describe(`replay in ${name}`, { skip }, () => {
    let broker: TestBroker
    before(async () => {
      broker = await TestBroker.start()
    })
    beforeEach(async () => {
      await using session = await AmqpSession.open(broker.url)
      await (await session.channel()).deleteQueue(queue)
    })
    after(() => broker[Symbol.asyncDispose]())

    /** Returns the time that it has printed. */
    const sell = async (first: number, count: number): Promise<string> => {
      await using shop = start('replay', 'sell', broker.url, [String(first), String(count)])
      await shop.succeeded()
      return /^sold \d+ since (\S+)$/.exec(shop.lines[0] ?? '')?.[1] ?? ''
    }
    /** The invoices of a worker that takes all there is, and is stopped. */
    const work = async (percent: number, count: number): Promise<readonly string[]> => {
      await using worker = start('replay', 'worker', broker.url, [String(percent)])
      const written = (): string[] => worker.lines.filter((line) => line.startsWith('invoice '))
      await worker.printed(`${count} invoices`, () => written().length >= count)
      await worker.stop()
      return written()
    }
    /** As the README has it, but for npm, which is tried in test/process. */
    const rewind = async (...args: readonly string[]): Promise<readonly string[]> => {
      const command = [mainFile, 'queue', 'rewind', queue, ...args, '--data', broker.dataFolder]
      await using program = new ExampleProgram(process.execPath, command, process.env)
      await program.succeeded()
      return program.lines
    }

    it('does the work of a bad deployment again', async () => {
      await sell(1, 3)
      const since = await sell(4, 3)
      assert.deepEqual(await work(7, 6), invoices([1, 2, 3, 4, 5, 6], 7))
      assert.deepEqual(await rewind('--to-time', since), [
        `Queue '${queue}' was rewound: 3 messages are ready again`,
      ])
      assert.deepEqual(await work(19, 3), invoices([4, 5, 6], 19))
    })

    it('brings back all that was kept, also when a program asks for it', async () => {
      await sell(1, 5)
      await work(7, 5)
      const client = new BrokerClient(broker.dataFolder)
      const answer = await client.ask('POST', ['queues', '/', queue, 'rewind'], { offset: 0 })
      assert.deepEqual(answer.body, { message_count: 5 })
      await sell(6, 1)
      assert.deepEqual(await work(19, 6), invoices([1, 2, 3, 4, 5, 6], 19))
      assert.deepEqual(await rewind('--to-offset', '0'), [
        `Queue '${queue}' was rewound: 6 messages are ready again`,
      ])
    })
  })
}
