import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'

let broker: RunningBroker
let client: KafkaRawClient
before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 'off',
    kafkaPort: 0,
    httpPort: 'off',
  })
  client = await KafkaRawClient.connect(broker.addresses['kafka']!.port)
})
after(async () => {
  await client[Symbol.asyncDispose]()
  await broker.close()
})

function init(producerId: number, producerEpoch: number): Promise<unknown> {
  const producer = { transactionalId: null, transactionTimeoutMs: 0, producerId, producerEpoch }
  return client.call('initProducerId', producer)
}

// As in Kafka's TransactionCoordinator: only a transactional id makes a producer known again.
// @platformatic/kafka sends id 0 and epoch 0, and would fence off the producer that has this id.
it('without a transactional id every producer is new, whatever it says it was', async () => {
  const answers = [
    await init(-1, -1),
    await init(-1, -1),
    await init(0, 0),
    await init(0, 0),
    await init(1, 5),
  ]
  const ids = answers.map((answer) => (answer as { producerId: number }).producerId)
  assert.equal(new Set(ids).size, ids.length, `ids are ${ids.join(' ')}`)
  for (const answer of answers) {
    const { errorCode, producerEpoch } = answer as { errorCode: number; producerEpoch: number }
    assert.deepEqual([errorCode, producerEpoch], [0, 0])
  }
})
