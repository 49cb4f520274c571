// Tails of a broker that is killed or stopped: who comes back has no gap and nothing twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { EventStream } from '../support/event-stream.ts'
import { startPabal } from '../support/run-pabal.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor, within } from '../support/wait-for.ts'

async function publish(broker: TestBroker, ...texts: readonly string[]): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  await channel.assertQueue('orders')
  for (const text of texts) channel.sendToQueue('orders', Buffer.from(text), { persistent: true })
  await channel.waitForConfirms()
}

function tail(broker: TestBroker, lastEventId?: string): Promise<EventStream> {
  const url = `http://127.0.0.1:${broker.httpPort}/api/v1/streams/%2F/orders/tail?from=earliest`
  return EventStream.open(url, {
    auth: 'guest:guest',
    ...(lastEventId !== undefined && { lastEventId }),
  })
}

const payloadOf = ({ data }: { readonly data: string }): string =>
  (JSON.parse(data) as { readonly payload: string }).payload

test('a tail goes on after its broker was killed, and after it was stopped', async () => {
  await using broker = await TestBroker.start(['--http-port', '0'])
  await publish(broker, 'a', 'b', 'c')
  const words = 'tail orders --from earliest --count 5 -o name --data'.split(' ')
  const command = startPabal([...words, broker.dataFolder])
  await waitFor('the command shows what is there', () => command.stdout().length > 0)
  const first = await tail(broker)
  const seen = [payloadOf((await first.take(1))[0]!)]
  await broker.kill()
  await broker.restart()
  const second = await tail(broker, first.lastId)
  await publish(broker, 'd')
  seen.push(...(await second.take(3)).map(payloadOf))
  await waitFor('the command is back', () => command.stdout().split('\n').length > 4)
  const stopped = within('the broker stops', broker.stop())
  const end = await second.next()
  assert.equal(end?.type, 'end')
  assert.equal(await stopped, 0)
  await waitFor('the command has noticed', () => command.stderr().includes('waiting for it'))
  await broker.restart()
  await publish(broker, 'e')
  const third = await tail(broker, second.lastId)
  seen.push(...(await third.take(1)).map(payloadOf))
  assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e'])
  const { code, stdout, stderr } = await within('the command ends', command.ended)
  assert.equal(code, 0, stderr)
  assert.deepEqual(stdout.trim().split('\n'), ['0', '1', '2', '3', '4'])
  assert.match(stderr, /It ends: the broker stops\n/)
  assert.match(stderr, /waiting for it\nThe broker is back/)
  await third[Symbol.asyncDispose]()
})
