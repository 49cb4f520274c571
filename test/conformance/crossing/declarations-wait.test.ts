// Declarations that outrun the view of the topology wait for it; nobody else does.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ChannelModel, connect } from 'amqplib'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { metaLimits } from '../../../src/limits/meta.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { openKafkaBeside } from '../../support/open-kafka-beside.ts'

/** As many entries as may be missing in the view, and one more. */
function outrun({ broker: { topology } }: BrokerInProcess): void {
  topology.onApplied(0)
  for (let n = 0; n <= metaLimits.topologyPendingMax; n++) {
    topology.write([{ kind: 'vhost', op: 'put', row: { name: `v${n}` } }])
  }
  assert.ok(topology.isBehind)
}

function catchUp({ broker: { topology } }: BrokerInProcess): void {
  topology.onApplied(metaLimits.topologyPendingMax + 1)
}

/** Whether the promise is still open after everything that was on its way has been handled. */
async function isOpen(promise: Promise<unknown>, others: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  void promise.then(() => (isSettled = true))
  await others
  await nextTurn()
  return !isSettled
}

async function pingQueue(connection: ChannelModel, queue: string): Promise<void> {
  const channel = await connection.createConfirmChannel()
  channel.sendToQueue(queue, Buffer.from('x'))
  await channel.waitForConfirms()
  await channel.checkQueue(queue)
  await channel.purgeQueue(queue)
  await channel.close()
}

describe('declarations that outrun the view', () => {
  it('wait on their AMQP channel, with what follows there, and hold nobody else up', async () => {
    await using broker = await BrokerInProcess.start()
    const connection = await connect(broker.url)
    const channel = await connection.createChannel()
    await channel.assertQueue('there')
    outrun(broker)
    const declared = channel.assertQueue('late')
    channel.sendToQueue('late', Buffer.from('after the declaration'))
    assert.ok(await isOpen(declared, pingQueue(connection, 'there')), 'the declaration waits')
    assert.equal(broker.broker.getVHost('/').findQueue('late'), undefined)
    catchUp(broker)
    await declared
    const got = await channel.get('late', { noAck: true })
    assert.equal(got === false ? '' : got.content.toString(), 'after the declaration')
    await connection.close()
  })

  it('wait on their Kafka connection, with the requests behind them, and hold nobody else up', async () => {
    await using broker = await BrokerInProcess.start()
    await using kafka = await openKafkaBeside(broker)
    await using client = await KafkaRawClient.connect(kafka.port)
    await using other = await KafkaRawClient.connect(kafka.port)
    outrun(broker)
    const created = client.call('createTopics', {
      topics: ['a', 'b'].map((name) => ({
        name,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      timeoutMs: 1000,
      validateOnly: false,
    })
    const asked = {
      topics: [{ name: 'b', topicId: zeroUuid }],
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }
    const described = client.call('metadata', asked)
    const elsewhere = other.call('metadata', asked)
    assert.ok(await isOpen(created, elsewhere), 'the creation waits')
    assert.equal((await elsewhere).topics[0]?.errorCode, kafkaErrors.LEADER_NOT_AVAILABLE.code)
    catchUp(broker)
    const codes = (await created).topics.map(({ errorCode }) => errorCode)
    assert.deepEqual(codes, [0, 0])
    const { topics } = await described
    assert.deepEqual([topics[0]?.errorCode, topics[0]?.partitions.length], [0, 1])
  })
})
