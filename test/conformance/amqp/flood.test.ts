// A user with a rate limit who floods the broker does not show in how long others wait.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfirmChannel } from 'amqplib'
import { BrokerClient } from '../../../src/cli/broker-client.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { FloodThread } from '../../support/flood-thread.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

const rounds = 5
const tripsPerRound = 60
/** Of the flooding user, messages per second. */
const rate = 200

/**
 * What others may wait with a flood: this often as long as without, and this many milliseconds more. A busy
 * machine shows in the late ones.
 */
const factor = 2
const allowanceMs = { middle: 4, late: 250 } as const

test('a flood of a user with a rate leaves alone what others wait for', async (t) => {
  await using broker = await TestBroker.start()
  const url = await makeFlooder(broker)
  await using session = await AmqpSession.open(broker.url, { noDelay: true })
  const channel = await session.confirmChannel()
  await channel.assertQueue('flooded')
  const trips = await RoundTrips.open(channel)
  await trips.take()
  const quiet: number[] = []
  const flooded: number[] = []
  for (let round = 0; round < rounds; round++) {
    quiet.push(...(await trips.take()))
    const plan = { url, queue: 'flooded', connectionCount: 8, channelCount: 4, messageSize: 20000 }
    const flood = await FloodThread.start(plan)
    const startedAt = performance.now()
    // While the flood fills its own sockets it takes a core of the machine, if not the broker's time.
    await trips.take()
    flooded.push(...(await trips.take()))
    const permitted = (rate * (performance.now() - startedAt)) / 1000
    const published = await flood.stop()
    assert.ok(published > 3 * permitted, `a flood: ${published} messages of ${permitted}`)
  }
  for (const [name, share, allowance] of [
    ['p50', 0.5, allowanceMs.middle],
    ['p99', 0.99, allowanceMs.late],
  ] as const) {
    const [without, during] = [percentile(quiet, share), percentile(flooded, share)]
    const text = `${name}: ${during.toFixed(1)} ms with the flood, ${without.toFixed(1)} ms without`
    t.diagnostic(text)
    assert.ok(during <= factor * without + allowance, text)
  }
})

/** The URL of a user whose messages are limited. */
async function makeFlooder(broker: TestBroker): Promise<string> {
  const client = new BrokerClient(broker.dataFolder)
  const all = { configure: '.*', write: '.*', read: '.*' }
  await client.ask('PUT', ['users', 'flooder'], { password: 'pw', tags: '' })
  await client.ask('PUT', ['permissions', '/', 'flooder'], all)
  await client.ask('PUT', ['user-limits', 'flooder', 'max-publish-rate'], { value: rate })
  return `amqp://flooder:pw@127.0.0.1:${broker.port}`
}

/** Publish, confirm and deliver, one message after the other. */
class RoundTrips {
  readonly #channel: ConfirmChannel
  #onDelivery: () => void = () => undefined

  private constructor(channel: ConfirmChannel) {
    this.#channel = channel
  }

  static async open(channel: ConfirmChannel): Promise<RoundTrips> {
    const trips = new RoundTrips(channel)
    await channel.assertQueue('others')
    await channel.consume('others', (message) => {
      assert.ok(message)
      channel.ack(message)
      trips.#onDelivery()
    })
    return trips
  }

  /** How long each took, in milliseconds. */
  async take(): Promise<number[]> {
    const taken: number[] = []
    for (let n = 0; n < tripsPerRound; n++) {
      const startedAt = performance.now()
      const delivered = new Promise<void>((resolve) => (this.#onDelivery = resolve))
      this.#channel.sendToQueue('others', Buffer.alloc(100), { persistent: true })
      await Promise.all([delivered, this.#channel.waitForConfirms()])
      taken.push(performance.now() - startedAt)
    }
    return taken
  }
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] as number
}
