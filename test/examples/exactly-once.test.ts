// examples/exactly-once does what its README says: whoever is killed at whatever moment, each order is
// in the topic once and in the last queue once.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { findKafkaExampleLanguages } from './example-languages.ts'
import type { ExampleProgram } from './example-program.ts'

const seed = 14
const orderCount = 400
const killCount = 6
/** How many orders a worker hands over before it is killed, at most; there are more. */
const progressMax = 150
const finishMs = 60_000

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

const ascending = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b)

/** Ids in lines like "handed over 12" or "counted 12: 9.95 in all". */
function ids(lines: readonly string[], word: string): number[] {
  return lines.flatMap((line) => {
    const found = new RegExp(`^${word} (\\d+)`).exec(line)
    return found ? [Number(found[1])] : []
  })
}

for (const { name, skip, startWith } of await findKafkaExampleLanguages()) {
  describe(`exactly-once in ${name}`, { skip }, () => {
    const random: Random = seededRandom(seed)
    let broker: TestBroker
    before(async () => {
      broker = await TestBroker.start(['--kafka-port', '0'])
    })
    after(() => broker[Symbol.asyncDispose]())

    const program = (which: string, ...args: readonly string[]): ExampleProgram =>
      startWith('exactly-once', which, {
        args,
        variables: { AMQP_URL: broker.url, KAFKA_BROKERS: `127.0.0.1:${broker.kafkaPort}` },
      })
    const count = async (queue: string): Promise<number> => {
      await using session = await AmqpSession.open(broker.url)
      const { messageCount } = await (await session.channel()).checkQueue(queue)
      return messageCount
    }
    /** The ids of all that a queue holds. */
    const take = async (queue: string): Promise<number[]> => {
      const total = await count(queue)
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      const found: number[] = []
      await channel.consume(queue, (message) => {
        if (message) found.push((JSON.parse(message.content.toString()) as { id: number }).id)
      })
      await waitFor(`${total} messages of ${queue}`, () => found.length >= total)
      return found
    }
    const killAtWork = (worker: ExampleProgram): Promise<void> => {
      const wanted = 1 + random.below(progressMax)
      return worker.killedWhen(
        `${wanted} orders are handed over`,
        (lines) => ids(lines, 'handed over').length >= wanted,
      )
    }

    /** Both workers run while one of them is killed. */
    const killAWorker = async (): Promise<void> => {
      await using pricer = program('price')
      await using packer = program('pack')
      await killAtWork(random.below(2) === 0 ? pricer : packer)
    }

    /** Both workers end with it. */
    const killTheBroker = async (): Promise<void> => {
      await using _pricer = program('price')
      await using packer = program('pack')
      const wanted = 1 + random.below(progressMax)
      await packer.printed('work', (lines) => ids(lines, 'handed over').length >= wanted)
      await broker.kill()
      await broker.restart()
    }

    it('does so in whatever order the programs are started', async () => {
      await using own = await TestBroker.start(['--kafka-port', '0'])
      const kafka = `127.0.0.1:${own.kafkaPort}`
      const run = (which: string, ...args: readonly string[]): ExampleProgram =>
        startWith('exactly-once', which, {
          args,
          variables: { AMQP_URL: own.url, KAFKA_BROKERS: kafka },
        })
      await using audit = run('audit')
      await audit.printed('it waits', (lines) => lines.includes('waiting for priced_orders'))
      await using order = run('order', '1', '20')
      await order.succeeded()
      await using _packer = run('pack')
      await using _pricer = run('price')
      await audit.printed('all', (lines) => ids(lines, 'counted').length >= 20)
      assert.deepEqual(ascending(ids(audit.lines, 'counted')), range(1, 20))
    })

    it('hands over each order once, whoever is killed', async () => {
      for (let n = 0; n < killCount; n += 1) {
        await using order = program('order', String(1 + n * orderCount), String(orderCount))
        await order.succeeded()
        await (n % 3 === 2 ? killTheBroker() : killAWorker())
      }
      const all = range(1, killCount * orderCount)
      await using pricer = program('price')
      await using packer = program('pack')
      await waitFor(
        'all are handed over',
        async () => (await count('parcels')) >= all.length && (await count('new_orders')) === 0,
        finishMs,
      )
      await pricer.stop()
      await packer.stop()
      assert.equal(await count('new_orders'), 0)
      assert.equal(await count('priced_orders.packing'), 0)
      assert.deepEqual(ascending(await take('parcels')), all)

      await using audit = program('audit')
      await audit.printed('all', (lines) => ids(lines, 'counted').length >= all.length)
      assert.deepEqual(ascending(ids(audit.lines, 'counted')), all)
    })
  })
}
