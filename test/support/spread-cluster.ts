// Three nodes of a cluster and topics whose partitions they lead, with a raw client of Kafka at each node.
import assert from 'node:assert/strict'
import type { ApiMessages } from '../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../src/codec/kafka/field-defaults.ts'
import { ClusterUnderTest, slowMsMax } from './cluster-under-test.ts'
import { batchOfRecords } from './kafka-fixture.ts'
import { KafkaRawClient } from './kafka-raw-client.ts'
import type { TestBroker } from './start-test-broker.ts'
import { waitFor } from './wait-for.ts'

const names = ['n1', 'n2', 'n3']
const producedByName = 12
const notLeader = 6

/** A topic, with the leader of each partition. */
export interface SpreadTopicUnderTest {
  readonly topicId: string
  readonly leaders: readonly number[]
}

export class SpreadCluster implements AsyncDisposable {
  static readonly partitionCount = 6
  readonly nodes: readonly TestBroker[]
  /** By Kafka's number of the node. */
  readonly clients: ReadonlyMap<number, KafkaRawClient>
  readonly ports: ReadonlyMap<number, number>
  readonly client: KafkaRawClient
  readonly #cluster: ClusterUnderTest

  private constructor(
    cluster: ClusterUnderTest,
    parts: Pick<SpreadCluster, 'nodes' | 'clients' | 'ports' | 'client'>,
  ) {
    this.#cluster = cluster
    this.nodes = parts.nodes
    this.clients = parts.clients
    this.ports = parts.ports
    this.client = parts.client
  }

  static async start(): Promise<SpreadCluster> {
    const cluster = await ClusterUnderTest.start()
    const flags = ['--kafka-spread', 'true', '--metrics-port', '0']
    const nodes = await Promise.all(names.map((name) => cluster.startNode(name, flags)))
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
    const client = await KafkaRawClient.connect(nodes[0]!.portOf('kafka'))
    const clients = new Map<number, KafkaRawClient>()
    const ports = new Map<number, number>()
    const it = new SpreadCluster(cluster, { nodes, clients, ports, client })
    await waitFor(
      'all nodes are known',
      async () => (await it.metadata('any')).brokers.length === names.length,
      slowMsMax,
    )
    for (const { nodeId, port } of (await it.metadata('any')).brokers) {
      ports.set(nodeId, port)
      clients.set(nodeId, await KafkaRawClient.connect(port))
    }
    return it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [this.client, ...this.clients.values()]) await each[Symbol.asyncDispose]()
    await this.#cluster[Symbol.asyncDispose]()
  }

  leaderOf({ leaders }: SpreadTopicUnderTest, partition: number): KafkaRawClient {
    return this.clients.get(leaders[partition]!)!
  }

  metadata(name: string): Promise<ApiMessages['metadata']['response']> {
    return this.client.call('metadata', {
      topics: [{ topicId: zeroUuid, name }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
      includeClusterAuthorizedOperations: false,
    })
  }

  async create(name: string): Promise<SpreadTopicUnderTest> {
    const { topics } = await this.client.call('createTopics', {
      topics: [
        {
          name,
          numPartitions: SpreadCluster.partitionCount,
          replicationFactor: -1,
          assignments: [],
          configs: [],
        },
      ],
      timeoutMs: 5000,
      validateOnly: false,
    })
    assert.equal(topics[0]?.errorCode, 0, topics[0]?.errorMessage ?? '')
    return await this.describe(name)
  }

  /** What is there with as many partitions as `create` makes. */
  async describe(name: string): Promise<SpreadTopicUnderTest> {
    const { ports } = this
    const share = SpreadCluster.partitionCount / names.length
    const leaders: number[] = []
    let topicId = zeroUuid
    // Who answers hears of the last moves of cells with its next heartbeat.
    await waitFor('each node leads its share', async () => {
      const [described] = (await this.metadata(name)).topics
      topicId = described?.topicId ?? zeroUuid
      for (const { partitionIndex, leaderId } of described?.partitions ?? []) {
        leaders[partitionIndex] = leaderId
      }
      return Array.from(ports.keys()).every(
        (nodeId) => leaders.filter((leader) => leader === nodeId).length === share,
      )
    })
    return { topicId, leaders }
  }

  async produce(
    spread: SpreadTopicUnderTest,
    name: string,
    values: readonly string[],
  ): Promise<void> {
    for (let index = 0; index < SpreadCluster.partitionCount; index++) {
      const records = batchOfRecords(values.map((value) => ({ value: `${index}/${value}` })))
      const request = {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name, topicId: '', partitionData: [{ index, records }] }],
      }
      // A cell that has just moved to its node is being opened there.
      await waitFor('it is produced', async () => {
        const leader = this.leaderOf(spread, index)
        const { responses } = await leader.call('produce', request, producedByName)
        const code = responses[0]?.partitionResponses[0]?.errorCode
        assert.ok(code === 0 || code === notLeader, `error ${code}`)
        return code === 0
      })
    }
  }

  /** Of a group, a broker or all of them, as IncrementalAlterConfigs. */
  async configure(
    resource: { readonly resourceType: number; readonly resourceName: string },
    configs: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    const { responses } = await this.client.call('incrementalAlterConfigs', {
      resources: [
        {
          ...resource,
          configs: Object.entries(configs).map(([name, value]) => {
            return { name, value, configOperation: value === null ? 1 : 0 }
          }),
        },
      ],
      validateOnly: false,
    })
    assert.equal(responses[0]?.errorCode, 0, responses[0]?.errorMessage ?? '')
  }

  /** By HTTP, at the third node. */
  async api<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${this.nodes[2]!.httpPort}/api${path}`, {
      method,
      headers: {
        authorization: `Basic ${btoa('guest:guest')}`,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
}
