import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { BrokerClient } from '../../src/cli/broker-client.ts'
import { showLive } from '../../src/cli/top/top-command.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { pabal } from '../support/pabal-command.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

async function fill(broker: TestBroker): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  for (const [queue, count] of [
    ['few', 1],
    ['many', 3],
  ] as const) {
    await channel.assertQueue(queue)
    for (let left = count; left > 0; left--) channel.sendToQueue(queue, Buffer.alloc(1))
  }
  await channel.waitForConfirms()
}

test('top shows a second of the broker where nobody looks', async () => {
  await using broker = await TestBroker.start()
  await fill(broker)
  const data = ['--data', broker.dataFolder]
  const [table, json] = await Promise.all([
    pabal(['top', ...data]),
    pabal(['top', ...data, '-o', 'json']),
  ])
  assert.equal(table.code, 0)
  const [many, few] = table.out.slice(-2)
  assert.match(many ?? '', /^many +3 +0 +0 +0 +classic +\/$/)
  assert.match(few ?? '', /^few +1 /)
  const view = JSON.parse(json.out.join('')) as { readonly queues: { readonly name: string }[] }
  assert.deepEqual(
    view.queues.map(({ name }) => name),
    ['many', 'few'],
  )
})

test('top has the screen until q is pressed, heeds keys, and tells when the broker is gone', async () => {
  await using broker = await TestBroker.start()
  await fill(broker)
  const stdin = new PassThrough()
  let shown = ''
  const stdout = { rows: 24, columns: 100, write: (text: string) => (shown += text) }
  const { signal } = new AbortController()
  const client = new BrokerClient(broker.dataFolder)
  const live = showLive(client, systemClock, { stdin, stdout, signal })
  // By ready messages, then by name.
  await waitFor('queues are shown', () => /many +3[^]*few +1/.test(shown))
  stdin.write('\u001b[D')
  await waitFor('another order is shown', () => /queue ↑[^]*few +1[^]*many +3/.test(shown))
  await broker.kill()
  await waitFor('it says that nobody answers', () => shown.includes('no broker runs'))
  stdin.write('q')
  await live
  assert.ok(shown.startsWith('\u001b[?1049h'))
  assert.ok(shown.endsWith('\u001b[?1049l'))
})
