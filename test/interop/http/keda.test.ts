// KEDA's scaler asks for the length of a queue by HTTP (pkg/scalers/rabbitmq_scaler.go of KEDA 2.18): these are
// its paths, with names as Go's url.QueryEscape writes them, and the fields that it reads.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ChannelModel, connect } from 'amqplib'
import { TestBroker } from '../../support/start-test-broker.ts'

let broker: TestBroker
let connection: ChannelModel
before(async () => {
  broker = await TestBroker.start(['--http-port', '0'])
  connection = await connect(broker.url)
  const channel = await connection.createConfirmChannel()
  for (const [queue, count] of [
    ['orders', 3],
    ['orders/eu', 2],
    ['others', 7],
  ] as const) {
    await channel.assertQueue(queue)
    for (let sent = 0; sent < count; sent++) channel.sendToQueue(queue, Buffer.from('m'))
  }
  await channel.waitForConfirms()
  // Two are with a consumer, and count all the same.
  await channel.consume('orders/eu', () => undefined)
})
after(async () => {
  await connection.close()
  await broker[Symbol.asyncDispose]()
})

interface QueueInfo {
  readonly name: string
  readonly messages: number
  readonly messages_ready: number
  readonly messages_unacknowledged: number
  readonly message_stats?: {
    readonly publish_details?: { readonly rate: number }
    readonly deliver_get_details?: { readonly rate: number }
  }
}

async function ask(path: string): Promise<[number, unknown]> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const url = `http://127.0.0.1:${broker.httpPort}/api/queues${path}`
  const response = await fetch(url, { headers: { authorization } })
  return [response.status, await response.json()]
}

/** As url.QueryEscape of Go. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+')
}

test('KEDA reads the length of a queue', async () => {
  for (const [name, messages] of [
    ['orders', 3],
    ['orders/eu', 2],
  ] as const) {
    const [status, json] = await ask(`/%2F/${escape(name)}`)
    const queue = json as QueueInfo
    assert.deepEqual([status, queue.name, queue.messages], [200, name, messages])
    assert.equal(queue.messages_ready + queue.messages_unacknowledged, messages)
    // Where there are none, KEDA takes 0.
    assert.equal(typeof (queue.message_stats?.publish_details?.rate ?? 0), 'number')
    assert.equal(typeof (queue.message_stats?.deliver_get_details?.rate ?? 0), 'number')
  }
  assert.equal((await ask('/%2F/none'))[0], 404)
})

test('KEDA reads the queues that a regular expression matches, in one page', async () => {
  const query = `page=1&use_regex=true&pagination=false&name=${escape('^orders')}&page_size=100`
  for (const vhost of ['', '/%2F']) {
    const [status, json] = await ask(`${vhost}?${query}`)
    const { items, page_count: pages } = json as {
      readonly items: readonly QueueInfo[]
      readonly page_count: number
    }
    assert.deepEqual([status, pages], [200, 1])
    assert.deepEqual(
      items.map(({ name, messages }) => [name, messages]),
      [
        ['orders', 3],
        ['orders/eu', 2],
      ],
    )
  }
})
