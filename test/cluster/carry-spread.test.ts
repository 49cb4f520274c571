// A topic whose partitions are led by the cells of a cluster is taken out of it, cell by cell, and into a new one: a
// broker that is alone has the partitions of one cell, and the new cluster has all of them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { runPabal } from '../support/run-pabal.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const cellCount = 6
const partitionCount = 6

async function pabal(words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runPabal(words)
  assert.equal(code, 0, stdout + stderr)
  return stdout + stderr
}

async function withClient<T>(broker: TestBroker, use: (kafka: Kafka) => Promise<T>): Promise<T> {
  const brokers = [`127.0.0.1:${broker.portOf('kafka')}`]
  return use(new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 10 } }))
}

/** Where each partition ends. */
function ends(broker: TestBroker): Promise<number[]> {
  return withClient(broker, async (kafka) => {
    const admin = kafka.admin()
    await admin.connect()
    const offsets = await admin.fetchTopicOffsets('orders')
    await admin.disconnect()
    const inOrder = offsets.toSorted((one, other) => one.partition - other.partition)
    return inOrder.map(({ high }) => Number(high))
  })
}

async function fill(node: TestBroker): Promise<void> {
  await withClient(node, async (kafka) => {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: partitionCount }] })
    await admin.disconnect()
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = Array.from({ length: partitionCount }, (_, partition) => {
      return Array.from({ length: partition + 1 }, (__, n) => ({ partition, value: `${n}` }))
    }).flat()
    await producer.send({ topic: 'orders', messages })
    await producer.disconnect()
  })
}

describe('spread topics and folders', { skip: postgresMissing() }, () => {
  test('each folder has the partitions of its cell, and a new cluster all of them', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-carry-spread-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    await using cluster = await ClusterUnderTest.start()
    const all = [1, 2, 3, 4, 5, 6]
    const node = await cluster.startNode('n1')
    await cluster.waitForCounts({ n1: cellCount })
    await fill(node)
    assert.deepEqual(await ends(node), all)
    await node.stop()
    const address = `${cluster.postgres.address}?schema=cluster`
    const objects = cluster.objectsAddress
    const place = ['--cluster', address, '--objects', objects]
    const text = await pabal(['cluster', 'export', '--data', folder, ...place])
    const told = [...text.matchAll(/ {2}orders: partition (\d)\n/g)].map(([, number]) => number)
    assert.deepEqual(
      told.map(Number).toSorted((one, other) => one - other),
      [0, 1, 2, 3, 4, 5],
    )

    const fresh = ['--cluster', `${cluster.postgres.address}?schema=fresh`]
    const elsewhere = ['--objects', objects.replace('/cluster?', '/fresh?')]
    for (let cell = 0; cell < cellCount; cell++) {
      const data = ['--data', join(folder, `cell-${cell}`), '--cell', `${cell}`]
      await pabal(['cluster', 'import', ...data, ...fresh, ...elsewhere])
    }
    const ports = ['--kafka-port', '0', '--http-port', '0', '--node-port', '0']
    const started = [...fresh, ...elsewhere, '--node-name', 'n2', ...ports]
    await using other = await TestBroker.start(started, [], slowMsMax)
    await waitFor(
      'all partitions are there again',
      async () => (await ends(other).catch(() => [])).join() === all.join(),
      slowMsMax,
    )

    const data = ['--data', join(folder, 'cell-3')]
    await using alone = await TestBroker.start(['--kafka-port', '0', ...data])
    const own = await ends(alone)
    const [led] = own.flatMap((end, number) => (end > 0 ? [number] : []))
    assert.deepEqual(
      own,
      all.slice(0, led! + 1).map((end, number) => (number === led ? end : 0)),
    )
  })
})
