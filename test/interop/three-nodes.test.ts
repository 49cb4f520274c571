// Clients of Kafka and of AMQP at nodes of a cluster of three that do not serve `/`: two programs of test/interop, one of
// each protocol, and what each broker of Kafka says of itself. All other programs: `npm run test:interop:cluster`.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { zeroUuid } from '../../src/codec/kafka/field-defaults.ts'
import { ConfigCalls, configType } from '../support/config-calls.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { startThreeNodes, type ThreeNodes } from '../support/three-nodes.ts'
import type { Client } from './client.ts'
import { chooseClients } from './clients.ts'
import { keepOldRecords } from './interop-broker.ts'
import { runClient } from './run-client.ts'
import { stepsOf } from './steps.ts'

const runMsMax = 300_000
const code = { none: 0, invalidReplicationFactor: 38, invalidReplicas: 39, invalidRequest: 42 }

describe('clients of three nodes', { skip: postgresMissing(), timeout: runMsMax }, () => {
  let three: ThreeNodes
  before(async () => {
    three = await startThreeNodes(['--kafka-port', '0'])
    await keepOldRecords(kafkaPorts()[0] ?? 0)
  })
  after(() => three?.cluster[Symbol.asyncDispose]())

  /** The owner's last. */
  const kafkaPorts = (): number[] => three.nodes.map(({ kafkaPort }) => kafkaPort)

  it('do at others than the owner what they do at one broker', async () => {
    const [kafkajs, pika] = chooseClients('kafkajs,pika')
    assert.ok(kafkajs && pika)
    await Promise.all([
      checkProgram(kafkajs, three.nodes[0]?.kafkaPort ?? 0),
      checkProgram(pika, three.nodes[1]?.port ?? 0),
    ])
  })

  it('see and change the settings of each broker', async () => {
    const [port = 0] = kafkaPorts()
    await using client = await KafkaRawClient.connect(port)
    const configs = new ConfigCalls(client)
    const { brokers } = await client.call('describeCluster', {
      includeClusterAuthorizedOperations: false,
      endpointType: 1,
      includeFencedBrokers: false,
    })
    assert.deepEqual(new Set(brokers.map((each) => each.port)), new Set(kafkaPorts()))
    for (const { brokerId, host, port: at } of brokers) {
      const id = String(brokerId)
      const { errorCode, configs: rows } = await configs.describeOne(configType.broker, id)
      assert.equal(errorCode, code.none)
      const valueOf = (name: string): unknown => rows.find((each) => each.name === name)?.value
      assert.deepEqual(
        [valueOf('node.id'), valueOf('advertised.listeners')],
        [id, `PLAINTEXT://${host}:${at}`],
      )
      const change = [['log.retention.bytes', `${1000 + brokerId}`]] as const
      assert.deepEqual(await configs.alter(configType.broker, id, change), [code.none, null])
      const shown = await configs.shown(configType.broker, id, 'log.retention.bytes')
      assert.equal(shown[0]?.split('@')[0], String(1000 + brokerId))
    }
    const stranger = await configs.describeOne(configType.broker, '77')
    assert.equal(stranger.errorCode, code.invalidRequest)
    const listed = await client.call('listConfigResources', { resourceTypes: [configType.broker] })
    const names = listed.configResources.map(({ resourceName }) => Number(resourceName))
    assert.deepEqual(new Set(names), new Set(brokers.map(({ brokerId }) => brokerId)))
  })

  it('ask all brokers for what each has, and count nothing twice', async () => {
    const groups: string[] = []
    let partitionCount = 0
    for (const port of kafkaPorts()) {
      await using client = await KafkaRawClient.connect(port)
      await client.call('joinGroup', {
        groupId: 'counted',
        sessionTimeoutMs: 30_000,
        rebalanceTimeoutMs: 1000,
        memberId: '',
        groupInstanceId: 'one',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
        reason: null,
      })
      const listed = await client.call('listGroups', { statesFilter: [], typesFilter: [] })
      groups.push(...listed.groups.map(({ groupId }) => groupId).filter((id) => id === 'counted'))
      await client.call('metadata', {
        topics: [{ topicId: zeroUuid, name: 'counted' }],
        allowAutoTopicCreation: true,
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false,
      })
      const topics = [{ topic: 'counted', partitions: [0] }]
      const { results } = await client.call('describeLogDirs', { topics })
      partitionCount += results.flatMap((each) => each.topics).length
    }
    assert.deepEqual([groups, partitionCount], [['counted'], 1])
  })

  it('are told why replicas cannot be placed', async () => {
    const [port = 0] = kafkaPorts()
    await using client = await KafkaRawClient.connect(port)
    const create = async (more: object): Promise<readonly [number, string | null | undefined]> => {
      const topic = { name: 'r', numPartitions: -1, replicationFactor: -1, assignments: [] }
      const topics = [{ ...topic, configs: [], ...more }]
      const asked = { topics, timeoutMs: 1000, validateOnly: true }
      const answer = await client.call('createTopics', asked)
      return [answer.topics[0]?.errorCode ?? -1, answer.topics[0]?.errorMessage]
    }
    const [tooMany, why] = await create({ numPartitions: 1, replicationFactor: 3 })
    assert.equal(tooMany, code.invalidReplicationFactor)
    assert.match(why ?? '', /one broker serves each partition, and its copies are in PostgreSQL/)
    const tried = [1, 2, 3].map((id) =>
      create({ assignments: [{ partitionIndex: 0, brokerIds: [id] }] }),
    )
    const codes = (await Promise.all(tried)).map(([each]) => each)
    const refused = codes.filter((each) => each === code.invalidReplicas)
    assert.deepEqual([refused.length, codes.includes(code.none)], [2, true])
  })
})

async function checkProgram(client: Client, port: number): Promise<void> {
  const { protocol, name, cannot } = client
  const prepared = await client.prepare()
  assert.ok('command' in prepared, `missing for ${name}`)
  const args = [...prepared.args, `127.0.0.1:${port}`, `${protocol}-nodes`]
  const run = await runClient(prepared.command, args, prepared.env)
  for (const [step, expected] of Object.entries(stepsOf[protocol])) {
    if (step in cannot) continue
    const { error, result } = run.reports.get(step) ?? { error: `not reached; ${run.ending}` }
    assert.deepEqual([name, step, error, result], [name, step, undefined, expected])
  }
}
