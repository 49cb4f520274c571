// A node that loses the home of topics and keeps its other cells: clients that one of those has let in may wait for an
// answer of the home, and must not wait for good.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { cellOfPartition } from '../../src/broker/topic/cell-of-partition.ts'
import type { ApiMessages } from '../../src/codec/kafka/apis.gen.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor, within } from '../support/wait-for.ts'

const flags = ['--kafka-spread', 'true']
const cellCount = 6
const home = 0
const byName = 12
/** Connections have two seconds to end, of a machine that has much else to do. */
const endMsMax = 20_000

describe('a home that is lost alone', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  let first: TestBroker
  let second: TestBroker

  before(async () => {
    cluster = await ClusterUnderTest.start()
    first = await cluster.startNode('n1', flags)
    await cluster.waitForCounts({ n1: cellCount })
    second = await cluster.startNode('n2', flags)
    await cluster.waitForCounts({ n1: cellCount / 2, n2: cellCount / 2 })
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  test('clients that another cell has let in are sent away', async () => {
    await using client = await KafkaRawClient.connect(second.kafkaPort)
    const asked = { numPartitions: 24, replicationFactor: -1, assignments: [], configs: [] }
    const topics = [{ name: 'orders', ...asked }]
    const made = await client.call('createTopics', { topics, timeoutMs: 5000, validateOnly: false })
    const { topicId = '' } = made.topics[0] ?? {}
    const indexes = Array.from({ length: asked.numPartitions }, (_, index) => index)
    const index = indexes.find((each) => cellOfPartition(topicId, each, cellCount) === home)
    assert.ok(index !== undefined)
    // The home comes to a node that has clients already.
    await first.stop()
    await cluster.waitForCounts({ n2: cellCount })
    const produce = (): Promise<ApiMessages['produce']['response']> => {
      const records = batchOfRecords([{ value: 'an order' }])
      const topicData = [{ name: 'orders', topicId: '', partitionData: [{ index, records }] }]
      const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
      return client.call('produce', request, byName)
    }
    const isProduced = async (): Promise<boolean> =>
      (await produce()).responses[0]?.partitionResponses[0]?.errorCode === 0
    await waitFor('it is produced', isProduced, slowMsMax)

    await using taker = await TakingCell.lock(cluster)
    const ended = assert.rejects(within('the connection ends', produce(), endMsMax), /hung up/)
    await waitFor('the commit waits', () => taker.isWaitedFor())
    await taker.take()
    await ended
  })
})

/** As another node that takes the cell, in the middle of a commit. */
class TakingCell implements AsyncDisposable {
  readonly #client: pg.Client
  readonly #cluster: ClusterUnderTest

  private constructor(client: pg.Client, cluster: ClusterUnderTest) {
    this.#client = client
    this.#cluster = cluster
  }

  static async lock(cluster: ClusterUnderTest): Promise<TakingCell> {
    const client = new pg.Client({ connectionString: cluster.postgres.address })
    await client.connect()
    await client.query('BEGIN')
    await client.query('SELECT FROM cluster.cells WHERE cell = $1 FOR UPDATE', [home])
    return new TakingCell(client, cluster)
  }

  async isWaitedFor(): Promise<boolean> {
    const sql = `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`
    return (await this.#cluster.postgres.run(sql)) === 't'
  }

  async take(): Promise<void> {
    // Nobody has it: this node may not take it again before its client has heard.
    const sql = 'UPDATE cluster.cells SET epoch = epoch + 1, is_down = true WHERE cell = $1'
    await this.#client.query(sql, [home])
    await this.#client.query('COMMIT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}
