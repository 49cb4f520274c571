// Which ACL each API of Kafka's protocol needs on what: with just these it answers as anyone is answered, without one
// of them, or with a denial of one beside all permissions, it refuses. Source: KafkaApis, ControllerApis and
// AclApis of Kafka 4.x.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AclOperation, AclResourceType, AclRow } from '../../../src/auth/acl-filter.ts'
import { addAcls, deleteAcls } from '../../../src/broker/change-access.ts'
import type { ApiName } from '../../../src/codec/kafka/apis.gen.ts'
import { apiCodecs } from '../../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { codesIn } from '../../support/codes-in.ts'
import type { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { KafkaWithUsers } from '../../support/kafka-with-users.ts'
import type { Row } from './permission-needs.ts'
import { rows } from './permission-rows.ts'

type Need = readonly [type: AclResourceType, operation: AclOperation, name: string]

const refusals = { topic: 29, group: 30, cluster: 31, 'transactional-id': 53 } as const

const [describeTopic, readTopic, writeTopic] = onTopic('describe', 'read', 'write')
const [deleteTopic, alterTopic, alterTopicConfigs] = onTopic('delete', 'alter', 'alter-configs')
const [readGroup, describeGroup, deleteGroup] = onGroup('g', 'read', 'describe', 'delete')
const [readShare, describeShare, deleteShare] = onGroup('s', 'read', 'describe', 'delete')
const [describe_, alter, describeConfigs, alterConfigs] = onCluster(
  'describe',
  'alter',
  'describe-configs',
  'alter-configs',
)

const writeId: Need = ['transactional-id', 'write', 'x']

/** What is asked for first comes first. */
const needs: Partial<Readonly<Record<ApiName, readonly Need[]>>> = {
  produce: [writeTopic],
  fetch: [readTopic],
  listOffsets: [describeTopic],
  offsetForLeaderEpoch: [describeTopic],
  metadata: [describeTopic],
  describeTopicPartitions: [describeTopic],
  describeConfigs: [['topic', 'describe-configs', 't']],
  createTopics: [['topic', 'create', 'new']],
  deleteTopics: [deleteTopic],
  createPartitions: [alterTopic],
  deleteRecords: [deleteTopic],
  alterConfigs: [alterTopicConfigs],
  incrementalAlterConfigs: [alterTopicConfigs],
  findCoordinator: [describeGroup],
  joinGroup: [readGroup],
  syncGroup: [readGroup],
  heartbeat: [readGroup],
  leaveGroup: [readGroup],
  offsetCommit: [readGroup, readTopic],
  offsetFetch: [describeGroup, describeTopic],
  offsetDelete: [deleteGroup, readTopic],
  describeGroups: [describeGroup],
  deleteGroups: [deleteGroup],
  describeLogDirs: [describe_],
  alterReplicaLogDirs: [alter],
  electLeaders: [alter],
  alterPartitionReassignments: [alter],
  listPartitionReassignments: [describe_],
  describeClientQuotas: [describeConfigs],
  alterClientQuotas: [alterConfigs],
  describeUserScramCredentials: [describe_],
  alterUserScramCredentials: [alter],
  describeQuorum: [describe_],
  unregisterBroker: [alter],
  listConfigResources: [describeConfigs],
  describeAcls: [describe_],
  createAcls: [alter],
  consumerGroupHeartbeat: [readGroup, describeTopic],
  consumerGroupDescribe: [describeGroup],
  shareGroupHeartbeat: [readShare, describeTopic],
  shareGroupDescribe: [describeShare],
  shareFetch: [readShare, readTopic],
  describeShareGroupOffsets: [describeShare, describeTopic],
  alterShareGroupOffsets: [readShare, readTopic],
  deleteShareGroupOffsets: [deleteShare, readTopic],
  addPartitionsToTxn: [writeId, writeTopic],
  addOffsetsToTxn: [writeId, readGroup],
  txnOffsetCommit: [writeId, readGroup, readTopic],
  endTxn: [writeId],
  describeTransactions: [['transactional-id', 'describe', 'x']],
  describeProducers: [readTopic],
  writeTxnMarkers: [['cluster', 'cluster-action', 'kafka-cluster']],
}

/** The newest of the versions that clients use, where brokers have later ones. */
const clientVersions: Partial<Readonly<Record<ApiName, number>>> = { addPartitionsToTxn: 3 }

function onTopic(...operations: readonly AclOperation[]): [Need, Need, Need] {
  return operations.map((operation) => ['topic', operation, 't'] as const) as [Need, Need, Need]
}

function onGroup(name: string, ...operations: readonly AclOperation[]): [Need, Need, Need] {
  return operations.map((operation) => ['group', operation, name] as const) as [Need, Need, Need]
}

function onCluster(...operations: readonly AclOperation[]): [Need, Need, Need, Need] {
  return operations.map((operation) => ['cluster', operation, 'kafka-cluster'] as const) as [
    Need,
    Need,
    Need,
    Need,
  ]
}

let kafka: KafkaWithUsers
let topicId = zeroUuid
let client: KafkaRawClient
before(async () => {
  kafka = await KafkaWithUsers.start()
  // Of somebody who may not do what is asked for, but may be here.
  setAcls([['group', 'read', 'other']], 'allow')
  await kafka.keeper.clearPermission('app', '/')
  client = await kafka.login()
})
after(async () => {
  await client[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
})

async function reset(): Promise<void> {
  await kafka.deleteTopic('new')
  await kafka.deleteTopic('t')
  topicId = await kafka.createTopic('t')
  const { request } = rows.offsetCommit
  await kafka.all.call('offsetCommit', request(2, topicId), 2)
  // Members of share groups are not to wait for others.
  const atOnce = { 'group.share.assignment.interval.ms': '0' }
  kafka.inProcess.broker.settings.put('broker', '', atOnce)
  // `s` has a place in `t` and no member.
  for (const memberEpoch of [0, -1]) {
    const beat = { ...rows.shareGroupHeartbeat.request(1, topicId), memberEpoch }
    await kafka.all.call('shareGroupHeartbeat', beat, 1)
  }
}

async function ask<Name extends ApiName>(
  from: KafkaRawClient,
  api: Name,
  version: number,
): Promise<number[]> {
  const row: Row<Name> = rows[api]
  if (row.changes) await reset()
  return codesIn(await from.call(api, row.request(version, topicId), version))
}

/** These are the user's only ACLs on what is asked for. */
function setAcls(asked: readonly Need[], permission: AclRow['permission']): void {
  const { broker } = kafka.inProcess
  deleteAcls(
    broker,
    [...broker.access.acls()].filter(({ name }) => name !== 'other'),
  )
  addAcls(
    broker,
    asked.map(([resourceType, operation, name]) => {
      const principal = 'User:app'
      return {
        resourceType,
        operation,
        name,
        patternType: 'literal',
        principal,
        host: '*',
        permission,
      }
    }),
  )
}

describe('ACLs', () => {
  for (const [api, asked] of Object.entries(needs) as [ApiName, readonly Need[]][]) {
    it(`${api} with and without each`, async () => {
      await reset()
      const version = clientVersions[api] ?? apiCodecs[api].versionMax
      const usual = await ask(kafka.all, api, version)
      setAcls(asked, 'allow')
      assert.deepEqual(await ask(client, api, version), usual, 'with what it needs')
      for (const [at, [type]] of asked.entries()) {
        const refusal = refusals[type as keyof typeof refusals]
        setAcls(asked.toSpliced(at, 1), 'allow')
        assert.deepEqual(
          await ask(client, api, version),
          [refusal],
          `without ${asked[at]!.join(' ')}`,
        )
      }
      await kafka.grant({ configure: '.*', write: '.*', read: '.*' })
      for (const [at, [type]] of asked.entries()) {
        setAcls([asked[at]!], 'deny')
        const refusal = refusals[type as keyof typeof refusals]
        assert.deepEqual(
          await ask(client, api, version),
          [refusal],
          `denied ${asked[at]!.join(' ')}`,
        )
      }
      await kafka.keeper.clearPermission('app', '/')
    })
  }

  it('say whether a producer gets an id', async () => {
    const init = async (): Promise<number[]> => ask(client, 'initProducerId', 4)
    setAcls([], 'allow')
    assert.deepEqual(await init(), [31])
    setAcls([['topic', 'write', 'somewhere']], 'allow')
    assert.deepEqual(await init(), [])
    setAcls([['cluster', 'idempotent-write', 'kafka-cluster']], 'allow')
    assert.deepEqual(await init(), [])
    await kafka.grant({ write: '.*' })
    setAcls([['topic', 'write', '*']], 'deny')
    assert.deepEqual(await init(), [31])
    await kafka.keeper.clearPermission('app', '/')
  })

  it('on the cluster let make any topic, and list any group', async () => {
    setAcls([['cluster', 'create', 'kafka-cluster']], 'allow')
    assert.deepEqual(await ask(client, 'createTopics', 7), [])
    const listed = async (): Promise<number> => {
      const { groups } = await client.call('listGroups', { statesFilter: [], typesFilter: [] })
      return groups.length
    }
    assert.equal(await listed(), 0)
    setAcls([['cluster', 'describe', 'kafka-cluster']], 'allow')
    assert.equal(await listed(), 2)
    setAcls([['group', 'describe', 'g']], 'allow')
    assert.equal(await listed(), 1)
  })
})
