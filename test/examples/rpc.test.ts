// examples/rpc does what its README says.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { type BrokerUnderTest, startBrokerUnderTest } from '../support/broker-under-test.ts'
import { waitFor } from '../support/wait-for.ts'
import { findExampleLanguages } from './example-languages.ts'
import type { ExampleProgram } from './example-program.ts'

const queue = 'price_requests'

const answers = (lines: readonly string[]): number =>
  lines.filter((line) => line.startsWith('answered')).length

for (const { name, skip, start, startWith } of await findExampleLanguages()) {
  describe(`rpc in ${name}`, { skip }, () => {
    let broker: BrokerUnderTest
    before(async () => {
      broker = await startBrokerUnderTest()
      await using session = await AmqpSession.open(broker.url)
      await (await session.channel()).deleteQueue(queue)
    })
    after(() => broker[Symbol.asyncDispose]())

    const startServer = async (): Promise<ExampleProgram> => {
      const server = start('rpc', 'server', broker.url)
      await server.printed('server answers', (lines) => lines.includes('answering'))
      return server
    }
    const ask = async (
      items: readonly string[],
      variables: Record<string, string> = {},
    ): Promise<readonly string[]> => {
      await using client = startWith('rpc', 'client', {
        args: items,
        variables: { ...variables, AMQP_URL: broker.url },
      })
      await client.succeeded()
      return client.lines.toSorted()
    }

    it('answers each request, mistakes too', async () => {
      await using server = await startServer()
      assert.deepEqual(await ask(['tea', 'gin', 'coffee', 'tea']), [
        'coffee costs 4',
        'gin: there is no gin',
        'tea costs 3',
        'tea costs 3',
      ])
      await server.printed('four answers', (lines) => answers(lines) === 4)
    })

    it('shares requests between servers', async () => {
      await using first = await startServer()
      await using second = await startServer()
      const items = Array.from({ length: 40 }, () => 'tea')
      assert.deepEqual(new Set(await ask(items)), new Set(['tea costs 3']))
      await waitFor('40 answers', () => answers(first.lines) + answers(second.lines) === 40)
      for (const { lines } of [first, second]) assert.ok(answers(lines) > 0)
      await first.kill()
      assert.deepEqual(await ask(['coffee']), ['coffee costs 4'])
    })

    it('gives up in time without a server, and leaves no request behind', async () => {
      assert.deepEqual(await ask(['tea'], { TIMEOUT_MS: '100' }), ['tea: no answer in time'])
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      assert.equal(await channel.get(queue), false)
    })
  })
}
