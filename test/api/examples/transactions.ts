// Transactions of Kafka's producers.
import assert from 'node:assert/strict'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const id = 'till-7'

/** A producer has begun, and says nothing more. */
async function begin(api: ApiUnderTest): Promise<void> {
  const queue = { durable: true, arguments: { 'x-queue-type': 'stream' } }
  await api.make('PUT', '/queues/%2F/sales', queue)
  await using client = await KafkaRawClient.connect(api.portOf('kafka'))
  await client.call('saslHandshake', { mechanism: 'PLAIN' })
  await client.call('saslAuthenticate', { authBytes: Buffer.from('\0own\0own') })
  const none = { producerId: -1, producerEpoch: -1 }
  const asked = { transactionalId: id, transactionTimeoutMs: 60_000, ...none }
  const { producerId = -1, producerEpoch } = await client.call('initProducerId', asked)
  const added = await client.call(
    'addPartitionsToTxn',
    {
      transactions: [],
      v3AndBelowTransactionalId: id,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 'sales', partitions: [0] }],
    },
    3,
  )
  const [topic] = added.resultsByTopicV3AndBelow ?? []
  assert.equal(topic?.resultsByPartition[0]?.partitionErrorCode, 0)
}

interface Shown {
  readonly state: string
  readonly partition_list: readonly { readonly topic: string; readonly held_back: number }[]
}

const one: Example = { status: 200, names: { name: id }, before: begin }

export const transactionExamples: Examples = {
  'GET /v1/transactions': {
    status: 200,
    before: begin,
    query: { state: 'Ongoing' },
    check: (listed: readonly { readonly name: string; readonly state: string }[]) =>
      assert.deepEqual(
        listed.map(({ name, state }) => [name, state]),
        [[id, 'Ongoing']],
      ),
  },
  'GET /v1/transactions/{name}': {
    ...one,
    check: ({ state, partition_list: parts }: Shown) =>
      assert.deepEqual([state, parts[0]?.topic, parts[0]?.held_back], ['Ongoing', 'sales', 0]),
  },
  'POST /v1/transactions/{name}/abort': {
    ...one,
    body: { dry_run: false },
    check: ({ state }: Shown) => assert.equal(state, 'CompleteAbort'),
  },
}
