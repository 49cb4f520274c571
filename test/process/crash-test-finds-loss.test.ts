// The clients and the book of `pabal crash-test` against a broker from which somebody takes messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from 'amqplib'
import { Lane } from '../../src/cli/crash-test/lane.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

test('a message that somebody else took is found as lost, and no other', async () => {
  await using broker = await TestBroker.start()
  const lane = new Lane('lane', seededRandom(1))
  const [own, thief] = [await connect(broker.url), await connect(broker.url)]
  const channel = await thief.createChannel()
  await lane.declare(await own.createConfirmChannel())
  const stolen: number[] = []
  await channel.prefetch(1)
  const { consumerTag } = await channel.consume('lane', (message) => {
    if (message === null || stolen.length === 3) return
    stolen.push(message.content.readUInt32BE(0))
    channel.ack(message)
  })
  await lane.run(own)
  await waitFor('some are stolen and others come', () => {
    return stolen.length === 3 && lane.judge().confirmed > 1000
  })
  await channel.cancel(consumerTag)
  await own.close()
  await thief.close()
  lane.beginLife()
  const last = await connect(broker.url)
  await lane.drain(last, () => undefined)
  await last.close()
  const { lost, doubled, outOfOrder, damaged } = lane.judge()
  assert.deepEqual(lost, stolen)
  assert.deepEqual([doubled, outOfOrder, damaged], [0, 0, 0])
})
