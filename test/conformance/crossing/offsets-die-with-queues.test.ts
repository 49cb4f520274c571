// A consumer group's offset belongs to a topic, not to its name: whoever deletes the topic or queue,
// and whether a Kafka port is open at that moment, the next one of that name begins without it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-offsets-'))
after(() => rmSync(data, { recursive: true, force: true }))

const queue = 'jobs'
const groupId = 'readers'
/** The newest version that names topics. */
const namingVersion = 9

async function commitOffset({ client }: KafkaFixture, committedOffset: number): Promise<void> {
  const place = { partitionIndex: 0, committedOffset, committedMetadata: null }
  const partitions = [{ ...place, committedLeaderEpoch: -1, commitTimestamp: -1 }]
  const topics = [{ name: queue, topicId: '', partitions }]
  const request = { groupId, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null }
  const answer = await client.call(
    'offsetCommit',
    { ...request, retentionTimeMs: -1, topics },
    namingVersion,
  )
  assert.equal(answer.topics[0]?.partitions[0]?.errorCode, 0)
}

async function committedOffset({ client }: KafkaFixture): Promise<number | undefined> {
  const topics = [{ name: queue, topicId: '', partitionIndexes: [0] }]
  const group = { groupId, memberId: null, memberEpoch: -1, topics }
  const answer = await client.call(
    'offsetFetch',
    { groupId: '', topics: [], groups: [group], requireStable: false },
    namingVersion,
  )
  return answer.groups?.[0]?.topics[0]?.partitions[0]?.committedOffset
}

test('offsets die with their queue while the Kafka port is off', async () => {
  {
    await using fixture = await KafkaFixture.start({ storage: 'file', data })
    await using session = await AmqpSession.open(fixture.amqpUrl)
    await (await session.channel()).assertQueue(queue)
    await commitOffset(fixture, 9)
    assert.equal(await committedOffset(fixture), 9)
  }
  {
    await using broker = await startBroker({
      data,
      ...otherPortsOff,
      amqpPort: 0,
      httpPort: 'off',
      kafkaPort: 'off',
    })
    await using session = await AmqpSession.open(
      `amqp://127.0.0.1:${broker.addresses['amqp']?.port}`,
    )
    const channel = await session.channel()
    await channel.deleteQueue(queue)
    await channel.assertQueue(queue)
  }
  await using fixture = await KafkaFixture.start({ storage: 'file', data })
  assert.equal(await committedOffset(fixture), -1)
})
