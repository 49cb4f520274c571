// Topics that the command line and HTTP make are spread over the cells of three nodes, as those that Kafka's clients make.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Channel } from 'amqplib'
import { AmqpSession } from '../support/amqp-session.ts'
import { pabal } from '../support/pabal-command.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { readTopic } from '../support/read-topic.ts'
import { SpreadCluster } from '../support/spread-cluster.ts'
import { waitFor } from '../support/wait-for.ts'

const { partitionCount } = SpreadCluster
const unknownTopic = 3
const waitMs = 30_000

describe('spread topics that are made by tools', { skip: postgresMissing() }, () => {
  let it: SpreadCluster

  before(async () => {
    it = await SpreadCluster.start()
  })
  after(() => it?.[Symbol.asyncDispose]())

  /** At a node; `line` is split at spaces. */
  async function run(node: number, line: string): Promise<readonly string[]> {
    const environment = { PABAL_URL: `http://127.0.0.1:${it.nodes[node]!.httpPort}` }
    const { code, out, talk } = await pabal(line.split(' '), { environment })
    assert.equal(code, 0, talk.join('\n'))
    return out
  }

  async function consume(channel: Channel, name: string): Promise<string[]> {
    const texts: string[] = []
    await channel.prefetch(100)
    await channel.consume(
      name,
      (message) => {
        if (message === null) return
        texts.push(message.content.toString())
        channel.ack(message)
      },
      { arguments: { 'x-stream-offset': 'first' } },
    )
    return texts
  }

  /** Kafka and AMQP write and read at all of its partitions. */
  async function use(name: string): Promise<void> {
    const spread = await it.describe(name)
    await it.produce(spread, name, ['from Kafka'])
    await using amqp = await AmqpSession.open(it.nodes[1]!.url)
    const publishing = await amqp.confirmChannel()
    for (let n = 0; n < partitionCount; n++) publishing.sendToQueue(name, Buffer.from(`AMQP ${n}`))
    await publishing.waitForConfirms()
    const sent = Array.from({ length: partitionCount }, (_, n) => [`${n}/from Kafka`, `AMQP ${n}`])
      .flat()
      .toSorted()
    const texts = await consume(await amqp.channel(), name)
    await waitFor('AMQP has read all', () => texts.length === 2 * partitionCount, waitMs)
    assert.deepEqual(texts.toSorted(), sent)
    const records = await readTopic(it.nodes[2]!.portOf('kafka'), name)
    assert.deepEqual(records.map(({ value }) => String(value)).toSorted(), sent)
    assert.equal(new Set(records.map(({ partition }) => partition)).size, partitionCount)
  }

  async function expectGone(name: string): Promise<void> {
    await waitFor('no node knows it', async () => {
      const { topics } = await it.metadata(name)
      return topics[0]?.errorCode === unknownTopic
    })
  }

  test('pabal create and pabal rm', async () => {
    const line = `create events --type topic --partitions ${partitionCount}`
    const said = await run(1, `${line} --argument retention.ms=3600000`)
    assert.deepEqual(said, ["Topic 'events' was created with 6 partitions led by 6 cells"])
    await use('events')
    await run(2, 'rm events --yes')
    await expectGone('events')
    // Nothing is left of the first one where its partitions were.
    await run(0, line)
    await use('events')
    await run(1, 'rm events --yes')
    await expectGone('events')
  })

  test('POST and DELETE by HTTP', async () => {
    const settings = { 'cleanup.policy': 'delete', 'segment.ms': 3_600_000 }
    const made = await it.api<Record<string, unknown>>('POST', '/v1/topics', {
      name: 'orders',
      partitions: partitionCount,
      settings,
    })
    assert.equal(made['cells'], partitionCount)
    assert.deepEqual(made['settings'], { 'cleanup.policy': 'delete', 'segment.ms': '3600000' })
    await use('orders')
    await it.api('DELETE', '/queues/%2F/orders')
    await expectGone('orders')
  })

  test('a stream stays in the cell of its virtual host', async () => {
    await run(1, `create log --type stream --partitions ${partitionCount}`)
    const [topic] = (await it.metadata('log')).topics
    assert.equal(topic?.partitions.length, partitionCount)
    assert.equal(new Set(topic.partitions.map(({ leaderId }) => leaderId)).size, 1)
    await run(1, 'rm log --yes')
  })
})
