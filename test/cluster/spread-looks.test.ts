// What the home shows of topics whose partitions are led by three nodes, and what holds at all of them: quotas, settings
// of brokers, folders.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { zeroUuid } from '../../src/codec/kafka/field-defaults.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { SpreadCluster } from '../support/spread-cluster.ts'
import { waitFor } from '../support/wait-for.ts'

const { partitionCount } = SpreadCluster
const allBrokers = { resourceType: 4, resourceName: '' }
const producedByName = 12
const committedByName = 9
const notLeader = 6
const messageTooLarge = 10

interface ShownGroup {
  readonly lag: number
  readonly offsets: readonly {
    readonly partition: number
    readonly offset: number
    readonly lag: number
    readonly end: number
    readonly lag_ms: number | null
  }[]
}

describe('spread topics at their home', { skip: postgresMissing() }, () => {
  let it: SpreadCluster

  before(async () => {
    it = await SpreadCluster.start()
  })
  after(() => it?.[Symbol.asyncDispose]())

  async function commit(groupId: string, name: string, offset: number): Promise<void> {
    const partitions = Array.from({ length: partitionCount }, (_, partitionIndex) => {
      return {
        partitionIndex,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: '',
      }
    })
    const { topics } = await it.client.call(
      'offsetCommit',
      {
        groupId,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [{ name, topicId: zeroUuid, partitions }],
      },
      committedByName,
    )
    assert.ok(topics[0]?.partitions.every(({ errorCode }) => errorCode === 0))
  }

  test('consumer groups are shown, reset by time, and set records aside', async () => {
    const spread = await it.create('tickets')
    await it.produce(spread, 'tickets', ['old', 'bad'])
    await commit('desk', 'tickets', 1)
    const shown = await it.api<ShownGroup>('GET', '/v1/groups/desk')
    assert.equal(shown.lag, partitionCount)
    for (const { offset, end, lag_ms: lagMs } of shown.offsets) {
      assert.deepEqual([offset, end], [1, 2])
      assert.ok(lagMs !== null && lagMs >= 0 && lagMs < 60_000)
    }
    await using amqp = await AmqpSession.open(it.nodes[0]!.url)
    const channel = await amqp.channel()
    await channel.assertQueue('aside', { durable: true })
    const partition = spread.leaders.findIndex((leader) => leader !== spread.leaders[0])
    const place = { topic: 'tickets', partition }
    const aside = await it.api<{ readonly offset: number }>('POST', '/v1/groups/desk/set-aside', {
      ...place,
      to: 'aside',
    })
    assert.equal(aside.offset, 1)
    const got = await channel.get('aside')
    assert.ok(got !== false)
    assert.equal(got.content.toString(), `${partition}/bad`)
    const after = new Date(Date.now() + 60_000).toISOString()
    const moved = async (to: string): Promise<number[]> => {
      const body = { topic: 'tickets', to, dry_run: true }
      const { offsets } = await it.api<{ readonly offsets: readonly { readonly to: number }[] }>(
        'POST',
        '/v1/groups/desk/reset',
        body,
      )
      return offsets.map((each) => each.to)
    }
    assert.deepEqual(await moved('1970-01-02T00:00:00Z'), Array(partitionCount).fill(0))
    assert.deepEqual(await moved(after), Array(partitionCount).fill(2))
    assert.deepEqual(await moved('first'), Array(partitionCount).fill(0))
    assert.deepEqual(await moved('last'), Array(partitionCount).fill(2))
  })

  test('the home shows topics as their leaders know them', async () => {
    const spread = await it.create('meters')
    await it.produce(spread, 'meters', ['1', '2'])
    interface Shown {
      readonly messages: number
      readonly published: number
      readonly oldest: number | null
      readonly offsets: readonly { readonly end: number; readonly bytes: number }[]
    }
    const shown = (): Promise<Shown> => it.api<Shown>('GET', '/v1/streams/%2F/meters')
    await waitFor('what was produced counts', async () => {
      const { messages, published } = await shown()
      return messages === 2 * partitionCount && published === messages
    })
    const { oldest, offsets } = await shown()
    assert.ok(oldest !== null && Date.now() - oldest < 60_000)
    assert.deepEqual(
      offsets.map(({ end }) => end),
      Array(partitionCount).fill(2),
    )
    assert.ok(offsets.every(({ bytes }) => bytes > 0))
    const queue = await it.api<{ readonly messages: number }>('GET', '/queues/%2F/meters')
    assert.equal(queue.messages, 2 * partitionCount)
  })

  test('metrics of a partition come from its leader, those of a group from the home', async () => {
    const spread = await it.create('measured')
    await it.produce(spread, 'measured', ['a', 'b', 'c'])
    await commit('counters', 'measured', 1)
    const scrape = async (name: string): Promise<string[]> => {
      const lines = await Promise.all(
        it.nodes.map(async ({ output }) => {
          const [, port] = /metrics +http:\/\/localhost:(\d+)/.exec(output) ?? []
          const answer = await fetch(`http://127.0.0.1:${port}/metrics/per-object`)
          return (await answer.text()).split('\n')
        }),
      )
      const found = lines.flat().filter((line) => line.startsWith(`${name}{`))
      return found.filter((line) => line.includes('topic="measured"')).toSorted()
    }
    const each = (count: number, line: (partition: number) => string): string[] =>
      Array.from({ length: count }, (_, partition) => line(partition))
    assert.deepEqual(
      await scrape('kafka_topic_partition_current_offset'),
      each(partitionCount, (partition) => {
        const labels = `topic="measured",partition="${partition}"`
        return `kafka_topic_partition_current_offset{${labels}} 3`
      }),
    )
    assert.deepEqual(await scrape('kafka_topic_partitions'), [
      `kafka_topic_partitions{topic="measured"} ${partitionCount}`,
    ])
    await waitFor('the home knows where they end', async () => {
      const [lag] = await scrape('kafka_consumergroup_lag_sum')
      return lag?.endsWith(` ${2 * partitionCount}`) === true
    })
    await waitFor('and for how long the first has waited', async () => {
      const [age] = await scrape('pabal_consumergroup_lag_seconds')
      return Number(age?.split(' ')[1]) > 0
    })
  })

  test('quotas and settings of brokers act on every node', async () => {
    const spread = await it.create('pressed')
    const { entries } = await it.client.call('alterClientQuotas', {
      entries: [
        {
          entity: [{ entityType: 'client-id', entityName: 'raw' }],
          ops: [{ key: 'producer_byte_rate', value: 1, remove: false }],
        },
      ],
      validateOnly: false,
    })
    assert.equal(entries[0]?.errorCode, 0)
    const records = batchOfRecords([{ value: 'x'.repeat(1000) }])
    for (const nodeId of it.clients.keys()) {
      const index = spread.leaders.indexOf(nodeId)
      const request = {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'pressed', topicId: '', partitionData: [{ index, records }] }],
      }
      await waitFor('a node holds its client back', async () => {
        await using one = await KafkaRawClient.connect(it.ports.get(nodeId)!)
        const answer = await one.call('produce', request, producedByName)
        return (answer.throttleTimeMs ?? 0) > 0
      })
    }
    await it.client.call('alterClientQuotas', {
      entries: [
        {
          entity: [{ entityType: 'client-id', entityName: 'raw' }],
          ops: [{ key: 'producer_byte_rate', value: 0, remove: true }],
        },
      ],
      validateOnly: false,
    })
    // A record is larger than the brokers take from now on, wherever it comes.
    await it.configure(allBrokers, { 'message.max.bytes': '500' })
    for (const nodeId of it.clients.keys()) {
      const index = spread.leaders.indexOf(nodeId)
      const request = {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'pressed', topicId: '', partitionData: [{ index, records }] }],
      }
      await waitFor('a node refuses large records', async () => {
        await using one = await KafkaRawClient.connect(it.ports.get(nodeId)!)
        const { responses } = await one.call('produce', request, producedByName)
        return responses[0]?.partitionResponses[0]?.errorCode === messageTooLarge
      })
    }
    await it.configure(allBrokers, { 'message.max.bytes': null })
  })

  test('each node has its own partitions in its folder, and deletes their records', async () => {
    const spread = await it.create('folders')
    await it.produce(spread, 'folders', ['a', 'b'])
    for (const [nodeId, each] of it.clients) {
      const { results } = await each.call('describeLogDirs', { topics: null })
      const folder = results[0]?.topics.find(({ name }) => name === 'folders')
      const own = spread.leaders.flatMap((leader, index) => (leader === nodeId ? [index] : []))
      assert.deepEqual(
        folder?.partitions.map(({ partitionIndex }) => partitionIndex).toSorted(),
        own,
      )
      assert.ok(folder?.partitions.every(({ partitionSize }) => partitionSize > 0))
      const deleted = await each.call('deleteRecords', {
        topics: [
          {
            name: 'folders',
            partitions: spread.leaders.map((_, partitionIndex) => ({ partitionIndex, offset: 1 })),
          },
        ],
        timeoutMs: 5000,
      })
      const codes = deleted.topics[0]?.partitions.map(({ errorCode }) => errorCode)
      assert.deepEqual(
        codes,
        spread.leaders.map((leader) => (leader === nodeId ? 0 : notLeader)),
      )
    }
  })
})
