// Messages by HTTP over kill -9: what was answered has happened, and what was only leased is there again.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { type GotMessage, HttpMessages, payloadsOf } from '../support/http-messages.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: TestBroker
before(async () => {
  broker = await TestBroker.start(['--http-port', '0'])
})
after(() => broker[Symbol.asyncDispose]())

async function declare(queue: string, args: Record<string, unknown> = {}): Promise<void> {
  const session = await AmqpSession.open(broker.url)
  const channel = await session.channel()
  await channel.assertQueue(queue, { durable: true, arguments: args })
  await session[Symbol.asyncDispose]()
}

/** Everything that is in a queue; it is left leased. */
async function takeAll(queue: string): Promise<GotMessage[]> {
  const http = new HttpMessages(broker.httpPort)
  const all: GotMessage[] = []
  for (;;) {
    const got = await http.receive(queue, { count: 100, wait_ms: 200 })
    if (got.length === 0) return all
    all.push(...got)
  }
}

async function killAndRestart(): Promise<HttpMessages> {
  await broker.kill()
  await broker.restart()
  return new HttpMessages(broker.httpPort)
}

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `${from + n}`)

for (const type of ['classic', 'quorum']) {
  it(`keeps what was published and settled, and gives back leases of a ${type} queue`, async () => {
    await declare('graves')
    await declare(type, {
      'x-queue-type': type,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'graves',
    })
    let http = new HttpMessages(broker.httpPort)
    await http.publish(type, ...texts(0, 200))
    http = await killAndRestart()
    const leased = await http.receive(type, { count: 100, wait_ms: 5000 })
    assert.deepEqual(payloadsOf(leased), texts(0, 100))
    assert.ok(leased.every(({ redelivered }) => !redelivered))
    const settled = { ack: leased.slice(0, 40), requeue: leased.slice(40, 50) }
    assert.equal(await http.settle(type, settled), 0)
    assert.equal(await http.settle(type, { reject: leased.slice(50, 60) }), 0)
    http = await killAndRestart()
    assert.equal(await http.settle(type, { ack: leased.slice(60) }), 40)
    const left = await takeAll(type)
    assert.deepEqual(payloadsOf(left), [...texts(40, 50), ...texts(60, 200)])
    const marked = left.filter(({ redelivered }) => redelivered)
    for (const text of [...texts(40, 50), ...texts(60, 100)]) {
      assert.ok(
        marked.some(({ payload }) => payload === text),
        `${text} is not marked`,
      )
    }
    const dead = await takeAll('graves')
    assert.deepEqual(payloadsOf(dead), texts(50, 60))
    await http.settle('graves', { ack: dead })
  })
}

it('keeps each answered publish and ack of many, whenever it is killed', async () => {
  await declare('many')
  const published = new Set<string>()
  const acked = new Set<string>()
  /** Whose acks may have been done. */
  const settling = new Set<string>()
  for (let round = 0; round < 2; round++) {
    const http = new HttpMessages(broker.httpPort)
    let isOver = false
    const publishing = untilGone(async (n) => {
      const batch = texts(0, 20).map((text) => `${round}-${n}-${text}`)
      await http.publish('many', ...batch)
      for (const text of batch) published.add(text)
    })
    const consuming = untilGone(async () => {
      const got = await http.receive('many', { count: 10 })
      for (const { payload } of got) {
        assert.ok(!acked.has(payload), `${payload} comes after its ack`)
        settling.add(payload)
      }
      await http.settle('many', { ack: got })
      for (const { payload } of got) acked.add(payload)
      isOver = acked.size >= 100 * (round + 1)
    })
    await waitFor('some to be acked', () => isOver)
    await broker.kill()
    await Promise.all([publishing, consuming])
    await broker.restart()
  }
  const left = await takeAll('many')
  for (const { payload } of left) assert.ok(!acked.has(payload), `${payload} was acked`)
  const known = new Set([...settling, ...payloadsOf(left)])
  assert.deepEqual(
    [...published].filter((text) => !known.has(text)),
    [],
  )
})

/** Again and again until the broker does not answer. */
async function untilGone(action: (n: number) => Promise<void>): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      await action(n)
    } catch (error) {
      // What fetch throws when there is nobody, or nobody any more.
      if (error instanceof TypeError && /fetch failed|terminated/.test(error.message)) return
      throw error
    }
  }
}
