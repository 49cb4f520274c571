// Brokers as nodes of a cluster, on a real PostgreSQL and a store that speaks S3: its cells are spread over them, and
// clients find all that was confirmed at any of them, whether an owner was killed, stopped or stood still.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { ownershipLimits } from '../../src/limits/postgres.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const messageCount = 300
/** Nodes look once a second, and open cells beside others' tests. */
const spreadMsMax = 20_000

describe('nodes of a cluster', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  const nodes: Record<string, TestBroker> = {}

  before(async () => {
    cluster = await ClusterUnderTest.start()
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const nodeOf = (name: string | undefined): TestBroker => {
    const node = name === undefined ? undefined : nodes[name]
    assert.ok(node, `there is no node ${name}`)
    return node
  }

  /** The owner of the cell of `/`, and another node. */
  const ownerAndOther = async (): Promise<[owner: string, other: string]> => {
    const owner = await waitFor('somebody has the first cell', () => cluster.ownerOf(0), slowMsMax)
    const other = Object.keys(nodes).find((name) => name !== owner && !nodeOf(name).isGone)
    assert.ok(other)
    return [owner, other]
  }

  test('the first has all cells; those that join get their share within seconds', async () => {
    nodes['n1'] = await cluster.startNode('n1')
    await cluster.waitForCounts({ n1: 6 })
    const joining = ['n2', 'n3'].map(async (name) => (nodes[name] = await cluster.startNode(name)))
    await Promise.all(joining)
    assert.ok((await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })) < spreadMsMax)
  })

  test('what one node confirmed another one has, after kill -9 of the owner', async () => {
    const [owner, other] = await ownerAndOther()
    await publish(nodeOf(other), 0)
    await produce(nodeOf(other), 0)
    await nodeOf(owner).kill()
    await publish(nodeOf(other), messageCount)
    await produce(nodeOf(other), messageCount)
    assert.deepEqual(await takeAll(nodeOf(other)), numbers(2 * messageCount))
    assert.deepEqual(await readAll(nodeOf(other)), numbers(2 * messageCount))
  })

  test('a node that stops gives its cells away at once', async () => {
    const [owner, other] = await ownerAndOther()
    await publish(nodeOf(owner), 0)
    assert.equal(await nodeOf(owner).stop(), 0)
    const ms = await cluster.waitForCounts({ [other]: 6 })
    assert.ok(ms < ownershipLimits.timeToLiveMs, `it took ${ms} ms`)
    const said = await cluster.postgres.run(
      `SELECT info FROM cluster.nodes WHERE name = '${owner}'`,
    )
    assert.equal((JSON.parse(said) as { isStopped?: boolean }).isStopped, true)
    assert.deepEqual(await takeAll(nodeOf(other)), numbers(messageCount))
    // What was killed before comes back, too.
    const gone = Object.values(nodes).filter(({ isGone }) => isGone)
    await Promise.all(gone.map((node) => node.restart(slowMsMax)))
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
  })

  test('a node that stood still confirms nothing more, goes on, and gets its share again', async () => {
    const [owner, other] = await ownerAndOther()
    const session = await AmqpSession.open(nodeOf(owner).url)
    const channel = await session.confirmChannel()
    await channel.assertQueue('tasks', { durable: true })
    channel.sendToQueue('tasks', Buffer.from('0'), { persistent: true })
    await channel.waitForConfirms()
    const { pid = 0 } = nodeOf(owner)
    process.kill(pid, 'SIGSTOP')
    let late = 'nobody said anything'
    channel.sendToQueue('tasks', Buffer.from('late'), { persistent: true }, (error: unknown) => {
      late = error === null ? 'confirmed' : 'refused'
    })
    const isElsewhere = async (): Promise<boolean> => {
      const now = await cluster.ownerOf(0)
      return now !== undefined && now !== owner
    }
    await waitFor('another node has the cell', isElsewhere, slowMsMax)
    process.kill(pid, 'SIGCONT')
    await session.connectionClosed()
    assert.notEqual(late, 'confirmed')
    assert.deepEqual(await takeAll(nodeOf(other)), [0])
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
    assert.equal(nodeOf(owner).isGone, false)
  })

  test('of two processes with one name the older one ends with exit code 75', async () => {
    await cluster.forgetCrashes()
    const [, other] = await ownerAndOther()
    const older = nodeOf(other)
    nodes[other] = await cluster.startNode(other)
    await waitFor('the older one has ended', () => older.isGone, slowMsMax)
    assert.equal(await older.stop(), 75)
    assert.match(older.output, /this node stops: another process has the node name/)
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
    await publish(nodeOf(other), 0)
    assert.deepEqual(await takeAll(nodeOf(other)), numbers(messageCount))
  })

  test('a cluster keeps the number of cells that it was made with', async () => {
    const address = `${cluster.postgres.address}?schema=small`
    const flags = ['--cluster', address, '--objects', cluster.objectsAddress, '--node-port', '0']
    await using first = await TestBroker.start([...flags, '--cluster-cells', '3'], [], slowMsMax)
    await waitFor('it serves the last', () => first.output.includes('serves cell 2 '), slowMsMax)
    assert.doesNotMatch(first.output, /serves cell 3 |cluster-cells/)
    await first.stop()
    await using next = await TestBroker.start([...flags, '--cluster-cells', '5'], [], slowMsMax)
    const words = 'The cluster has 3 cells: cluster-cells counts only when one is made'
    await waitFor('the log says so', () => next.output.includes(words))
  })

  test('a start says what is missing or wrong', async () => {
    const fails = (args: string[], says: RegExp): Promise<void> =>
      assert.rejects(TestBroker.start(args), says)
    await fails(
      ['--objects', 's3://bucket'],
      /objects, node-name and cluster-cells are of a cluster: add --cluster/,
    )
    await fails(
      ['--cluster', 'postgres://db/pabal'],
      /needs a place for its files: add --objects s3:/,
    )
    await fails(
      ['--cluster', 'postgres://127.0.0.1:1/pabal', '--objects', cluster.objectsAddress],
      /the cluster's PostgreSQL cannot be used: .*ECONNREFUSED/,
    )
  })
})

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** A node that has just lost the owner refuses clients of its virtual host for a moment. */
async function sessionAt(broker: TestBroker): Promise<AmqpSession> {
  return await waitFor(
    'a client comes in',
    () => AmqpSession.open(broker.url).catch(() => undefined),
    slowMsMax,
  )
}

async function publish(broker: TestBroker, from: number): Promise<void> {
  await using session = await sessionAt(broker)
  const channel = await session.confirmChannel()
  await channel.assertQueue('tasks', { durable: true })
  for (let n = from; n < from + messageCount; n++) {
    channel.sendToQueue('tasks', Buffer.from(String(n)), { persistent: true })
  }
  await channel.waitForConfirms()
}

async function takeAll(broker: TestBroker): Promise<number[]> {
  await using session = await sessionAt(broker)
  const channel = await session.channel()
  const taken: number[] = []
  for (;;) {
    const message = await channel.get('tasks', { noAck: true })
    if (message === false) return taken
    taken.push(Number(message.content.toString()))
  }
}

function clientOf({ kafkaPort }: TestBroker): Kafka {
  const retry = { retries: 20, initialRetryTime: 200 }
  return new Kafka({ brokers: [`127.0.0.1:${kafkaPort}`], logLevel: logLevel.NOTHING, retry })
}

async function produce(broker: TestBroker, from: number): Promise<void> {
  const producer = clientOf(broker).producer({ allowAutoTopicCreation: true })
  await producer.connect()
  try {
    const messages = numbers(messageCount).map((n) => ({ value: String(from + n), partition: 0 }))
    await producer.send({ topic: 'events', messages })
  } finally {
    await producer.disconnect()
  }
}

async function readAll(broker: TestBroker): Promise<number[]> {
  const consumer = clientOf(broker).consumer({ groupId: 'readers' })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic: 'events', fromBeginning: true })
    const read: number[] = []
    await new Promise<void>((resolve, reject) => {
      const eachMessage = ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
        read.push(Number(String(message.value)))
        if (read.length === 2 * messageCount) resolve()
        return Promise.resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
    return read
  } finally {
    await consumer.disconnect()
  }
}
