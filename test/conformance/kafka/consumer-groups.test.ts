// Consumer groups of KIP-848 on the wire: what members and tools are told, with Kafka's codes and texts.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, test } from 'node:test'
import type { DescribedGroup } from '../../../src/codec/kafka/messages/consumer-group-describe.gen.ts'
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../src/codec/kafka/messages/consumer-group-heartbeat.gen.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import type { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

const settings = {
  kafkaGroupConsumerHeartbeatIntervalMs: 100,
  kafkaGroupConsumerMinHeartbeatIntervalMs: 50,
  kafkaGroupConsumerMinSessionTimeoutMs: 500,
} as const

let kafka: KafkaFixture
before(async () => {
  kafka = await KafkaFixture.start(settings)
  await createTopic(kafka.client, 'orders', 6)
})
after(() => kafka[Symbol.asyncDispose]())

async function createTopic(client: KafkaRawClient, name: string, count: number): Promise<void> {
  const { topics } = await client.call('createTopics', {
    topics: [{ name, numPartitions: count, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  })
  assert.equal(topics[0]?.errorCode, 0)
}

function heartbeat(
  asked: Partial<ConsumerGroupHeartbeatRequest>,
  client: KafkaRawClient = kafka.client,
): Promise<ConsumerGroupHeartbeatResponse> {
  return client.call('consumerGroupHeartbeat', {
    groupId: 'g',
    memberId: 'm',
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: 5000,
    subscribedTopicNames: ['orders'],
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: [],
    ...asked,
  })
}

/** A heartbeat that says nothing new. */
function brief(
  memberId: string,
  memberEpoch: number,
  asked: Partial<ConsumerGroupHeartbeatRequest> = {},
): Promise<ConsumerGroupHeartbeatResponse> {
  return heartbeat({
    memberId,
    memberEpoch,
    rebalanceTimeoutMs: -1,
    subscribedTopicNames: null,
    topicPartitions: null,
    ...asked,
  })
}

async function described(
  groupId: string,
  client: KafkaRawClient = kafka.client,
): Promise<DescribedGroup> {
  const { groups } = await client.call('consumerGroupDescribe', {
    groupIds: [groupId],
    includeAuthorizedOperations: false,
  })
  return groups[0]!
}

describe('ConsumerGroupHeartbeat', () => {
  const refusals: readonly [
    name: string,
    asked: Partial<ConsumerGroupHeartbeatRequest>,
    code: number,
    text: string,
  ][] = [
    ['without a member id', { memberId: '' }, 42, "MemberId can't be empty."],
    ['without a group', { groupId: '' }, 42, "GroupId can't be empty."],
    ['with an empty instance', { instanceId: '' }, 42, "InstanceId can't be empty."],
    ['with an empty rack', { rackId: '' }, 42, "RackId can't be empty."],
    [
      'that joins without a timeout',
      { rebalanceTimeoutMs: -1 },
      42,
      'RebalanceTimeoutMs must be provided in first request.',
    ],
    [
      'that joins with partitions',
      { topicPartitions: null },
      42,
      'TopicPartitions must be empty when (re-)joining.',
    ],
    [
      'that joins without topics',
      { subscribedTopicNames: null },
      42,
      'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.',
    ],
    ['of an epoch that is none', { memberEpoch: -3 }, 42, 'MemberEpoch is invalid.'],
    ['away without an instance', { memberEpoch: -2 }, 42, "InstanceId can't be null."],
    [
      'with an unknown assignor',
      { serverAssignor: 'sticky' },
      112,
      'ServerAssignor sticky is not supported. Supported assignors: uniform, range.',
    ],
    [
      'with a pattern that is none',
      { subscribedTopicRegex: '(a' },
      128,
      'SubscribedTopicRegex `(a` is not a valid regular expression: missing closing ): `(a`.',
    ],
    ['of a group that is not there', { memberEpoch: 1 }, 69, 'Consumer group g not found.'],
  ]
  for (const [name, asked, code, text] of refusals) {
    it(`${name} is refused in Kafka's words`, async () => {
      const { errorCode, errorMessage } = await heartbeat(asked)
      assert.deepEqual([errorCode, errorMessage], [code, text])
      assert.equal((await described('g')).errorCode, 69)
    })
  }

  it('of a stranger, or with an epoch that is not its own, is refused', async () => {
    const joined = await heartbeat({ groupId: 'fencing', memberId: 'a' })
    assert.deepEqual(
      [joined.errorCode, joined.memberEpoch, joined.heartbeatIntervalMs],
      [0, 1, 100],
    )
    const stranger = await brief('b', 1, { groupId: 'fencing' })
    assert.deepEqual(
      [stranger.errorCode, stranger.errorMessage],
      [25, 'Member b is not a member of group fencing.'],
    )
    const ahead = await brief('a', 7, { groupId: 'fencing' })
    assert.deepEqual(
      [ahead.errorCode, ahead.errorMessage],
      [
        110,
        'The consumer group member has a greater member epoch (7) than the one known by the group coordinator (1). The member must abandon all its partitions and rejoin.',
      ],
    )
    // The answer to the join may have been lost.
    assert.equal((await heartbeat({ groupId: 'fencing', memberId: 'a' })).errorCode, 0)
  })

  it('of a static member keeps its place while it is away, and for nobody else', async () => {
    const first = { groupId: 'static', memberId: 'a', instanceId: 'i' }
    const joined = await heartbeat(first)
    assert.equal(joined.assignment?.topicPartitions[0]?.partitions.length, 6)
    const other = await heartbeat({ ...first, memberId: 'b' })
    assert.deepEqual(
      [other.errorCode, other.errorMessage],
      [
        111,
        'Static member b with instance id i cannot join the group because the instance id is owned by a member.',
      ],
    )
    const left = await brief('a', -2, first)
    assert.deepEqual([left.errorCode, left.memberEpoch], [0, -2])
    const back = await heartbeat({ ...first, memberId: 'b' })
    assert.deepEqual([back.errorCode, back.memberEpoch], [0, 1])
    assert.equal(back.assignment?.topicPartitions[0]?.partitions.length, 6)
    const late = await brief('a', 1, { groupId: 'static', instanceId: 'i' })
    assert.deepEqual(
      [late.errorCode, late.errorMessage],
      [82, 'Static member a with instance id i was fenced by member b.'],
    )
  })

  it('gives a partition out only after its owner has said that it has given it up', async () => {
    const asked = { groupId: 'moving' }
    const first = await heartbeat({ ...asked, memberId: 'a' })
    const { topicId, partitions } = first.assignment!.topicPartitions[0]!
    const second = await heartbeat({ ...asked, memberId: 'b' })
    assert.deepEqual(second.assignment?.topicPartitions, [])
    const told = await brief('a', 1, { ...asked, topicPartitions: [{ topicId, partitions }] })
    const kept = told.assignment!.topicPartitions[0]!.partitions
    assert.deepEqual([told.memberEpoch, kept.length], [1, 3])
    assert.equal((await brief('b', 2, asked)).assignment, null)
    const owned = [{ topicId, partitions: kept }]
    const done = await brief('a', 1, { ...asked, topicPartitions: owned })
    assert.equal(done.memberEpoch, 2)
    const got = (await brief('b', 2, asked)).assignment!.topicPartitions[0]!.partitions
    assert.deepEqual(
      [...kept, ...got].sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5],
    )
  })

  it('has settings of the group, from the next one on', async () => {
    const { responses } = await kafka.client.call('incrementalAlterConfigs', {
      resources: [
        {
          resourceType: 32,
          resourceName: 'tuned',
          configs: [
            { name: 'consumer.heartbeat.interval.ms', configOperation: 0, value: '77' },
            { name: 'consumer.session.timeout.ms', configOperation: 0, value: '600' },
          ],
        },
      ],
      validateOnly: false,
    })
    assert.equal(responses[0]?.errorCode, 0, responses[0]?.errorMessage ?? '')
    const { heartbeatIntervalMs } = await heartbeat({ groupId: 'tuned', memberId: 'a' })
    assert.equal(heartbeatIntervalMs, 77)
    await waitFor('the silent member to be lost', async () => {
      return (await described('tuned')).groupState === 'Empty'
    })
  })
})

describe('tools', () => {
  before(async () => {
    await heartbeat({ groupId: 'shown', memberId: 'a', instanceId: 'i', rackId: 'r' })
  })

  it('see members, epochs and assignments', async () => {
    const group = await described('shown')
    assert.deepEqual(
      [group.errorCode, group.groupState, group.groupEpoch, group.assignmentEpoch],
      [0, 'Stable', 1, 1],
    )
    assert.equal(group.assignorName, 'uniform')
    const [member] = group.members
    assert.ok(member)
    assert.deepEqual(member.assignment, member.targetAssignment)
    assert.equal(member.assignment.topicPartitions[0]?.topicName, 'orders')
    const { memberId, instanceId, rackId, memberEpoch, memberType } = member
    assert.deepEqual([memberId, instanceId, rackId, memberEpoch, memberType], ['a', 'i', 'r', 1, 1])
  })

  it('list it by its type, and describe it only as what it is', async () => {
    const listed = async (types: string[]): Promise<(string | undefined)[]> => {
      const { groups } = await kafka.client.call('listGroups', {
        statesFilter: ['stable'],
        typesFilter: types,
      })
      return groups.filter(({ groupId }) => groupId === 'shown').map(({ groupType }) => groupType)
    }
    assert.deepEqual(await listed(['consumer']), ['consumer'])
    assert.deepEqual(await listed(['classic']), [])
    const { groups } = await kafka.client.call('describeGroups', {
      groups: ['shown'],
      includeAuthorizedOperations: false,
    })
    assert.deepEqual(
      [groups[0]?.errorCode, groups[0]?.errorMessage],
      [69, 'Group shown is not a classic group.'],
    )
    const absent = await described('absent')
    assert.deepEqual([absent.errorCode, absent.errorMessage], [69, 'Group absent not found.'])
  })

  it('cannot delete it while it has members', async () => {
    const { results } = await kafka.client.call('deleteGroups', { groupsNames: ['shown'] })
    assert.equal(results[0]?.errorCode, 68)
  })
})

describe('offsets', () => {
  before(async () => {
    await heartbeat({ groupId: 'offsets', memberId: 'a' })
  })

  async function commit(memberId: string, epoch: number, version: number): Promise<number> {
    const { topics } = await kafka.client.call(
      'offsetCommit',
      {
        groupId: 'offsets',
        generationIdOrMemberEpoch: epoch,
        memberId,
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [
          {
            name: 'orders',
            topicId: '',
            partitions: [
              {
                partitionIndex: 0,
                committedOffset: 5,
                committedLeaderEpoch: -1,
                committedMetadata: null,
              },
            ],
          },
        ],
      },
      version,
    )
    return topics[0]!.partitions[0]!.errorCode
  }

  async function fetch(memberId: string | null, memberEpoch: number): Promise<number> {
    const { groups = [] } = await kafka.client.call(
      'offsetFetch',
      {
        groupId: '',
        topics: [],
        requireStable: false,
        groups: [{ groupId: 'offsets', memberId, memberEpoch, topics: null }],
      },
      9,
    )
    return groups[0]!.errorCode ?? 0
  }

  it('are committed by members with their epoch', async () => {
    assert.equal(await commit('a', 1, 9), 0)
    assert.equal(await commit('a', 0, 9), 113)
    assert.equal(await commit('b', 1, 9), 25)
    assert.equal(await commit('a', 1, 8), 35)
    assert.equal(await commit('', -1, 9), 25)
  })

  it('are fetched by members with their epoch, and by anyone who is none', async () => {
    assert.equal(await fetch('a', 1), 0)
    assert.equal(await fetch('a', 2), 113)
    assert.equal(await fetch('b', 1), 25)
    assert.equal(await fetch(null, -1), 0)
  })

  it('of topics that are read cannot be deleted', async () => {
    const { topics } = await kafka.client.call('offsetDelete', {
      groupId: 'offsets',
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }],
    })
    assert.equal(topics[0]?.partitions[0]?.errorCode, 86)
  })
})

test('an id of a share group is no consumer group, and the other way round', async () => {
  const joining = { memberEpoch: 0, rackId: null, subscribedTopicNames: ['orders'] }
  const share = { groupId: 'shared', memberId: 'AAAAAAAAAAAAAAAAAAAAAA', ...joining }
  assert.equal((await kafka.client.call('shareGroupHeartbeat', share)).errorCode, 0)
  const refused = await heartbeat({ groupId: 'shared' })
  assert.deepEqual(
    [refused.errorCode, refused.errorMessage],
    [69, 'Group shared is not a consumer group.'],
  )
  await heartbeat({ groupId: 'consumed' })
  const other = await kafka.client.call('shareGroupHeartbeat', { ...share, groupId: 'consumed' })
  assert.equal(other.errorCode, 69)
})

test('members go on with their epochs after a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pabal-consumer-groups-'))
  const options = { ...settings, storage: 'file', data: folder } as const
  try {
    {
      await using first = await KafkaFixture.start(options)
      await createTopic(first.client, 'kept', 4)
      const topics = { subscribedTopicNames: [], subscribedTopicRegex: 'ke.*' }
      const joined = await heartbeat({ memberId: 'a', ...topics }, first.client)
      assert.equal(joined.assignment?.topicPartitions[0]?.partitions.length, 4)
    }
    await using second = await KafkaFixture.start(options)
    const before = await described('g', second.client)
    assert.deepEqual([before.groupState, before.groupEpoch], ['Stable', 1])
    const again = await heartbeat(
      {
        memberId: 'a',
        memberEpoch: 1,
        rebalanceTimeoutMs: -1,
        subscribedTopicNames: null,
        topicPartitions: null,
      },
      second.client,
    )
    assert.deepEqual([again.errorCode, again.memberEpoch, again.assignment], [0, 1, null])
    assert.deepEqual(await described('g', second.client), before)
  } finally {
    await rm(folder, { recursive: true })
  }
})
