// Three nodes of a cluster over whose cells topics are spread. The node that has the home, with the coordinator, groups
// and queues, is killed as often as others, which lead partitions.
import type { Random } from '../../src/lib/random.ts'
import { ClusterUnderTest } from '../support/cluster-under-test.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { type CheckedBroker, type Leaders, startMsMax } from './checked-broker.ts'

const names = ['n1', 'n2', 'n3'] as const
const homeCell = 0

export class CheckedCluster implements CheckedBroker, AsyncDisposable {
  readonly leaders: Leaders = {
    portOf: (topic, partition) => this.#portOf(topic, partition),
    forget: () => this.#known.clear(),
  }
  readonly #cluster: ClusterUnderTest
  readonly #nodes: ReadonlyMap<string, TestBroker>
  /** By topic: ports of its leaders, by partition. */
  readonly #known = new Map<string, Promise<ReadonlyMap<number, number>>>()

  private constructor(cluster: ClusterUnderTest, nodes: ReadonlyMap<string, TestBroker>) {
    this.#cluster = cluster
    this.#nodes = nodes
  }

  static async start(): Promise<CheckedCluster> {
    const cluster = await ClusterUnderTest.start()
    try {
      const nodes = await Promise.all(
        names.map(async (name) => {
          return [name, await cluster.startNode(name, ['--kafka-spread', 'true'])] as const
        }),
      )
      await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
      return new CheckedCluster(cluster, new Map(nodes))
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  get kafkaPort(): number {
    return this.#somebody.kafkaPort
  }

  get port(): number {
    return this.#somebody.port
  }

  get url(): string {
    return this.#somebody.url
  }

  get output(): string {
    return [...this.#nodes.values()].map(({ output }) => output.slice(-2000)).join('\n')
  }

  async crash(random: Random): Promise<void> {
    await this.#cluster.forgetCrashes()
    const home = await this.#cluster.ownerOf(homeCell)
    const others = names.filter((name) => name !== home)
    const name = home !== undefined && random.below(2) === 0 ? home : others[random.below(2)]!
    const node = this.#nodes.get(name)!
    await node.kill()
    await node.restart(startMsMax)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]()
  }

  /** Clients come to any node. */
  get #somebody(): TestBroker {
    const up = [...this.#nodes.values()].filter(({ isGone }) => !isGone)
    return up[Math.floor(Math.random() * up.length)]!
  }

  async #portOf(topic: string, partition: number): Promise<number> {
    const asking = this.#known.get(topic) ?? this.#ask(topic)
    this.#known.set(topic, asking)
    try {
      const port = (await asking).get(partition)
      if (port === undefined) throw new Error(`nobody leads ${topic} ${partition}`)
      return port
    } catch (error) {
      this.#known.delete(topic)
      throw error
    }
  }

  async #ask(topic: string): Promise<ReadonlyMap<number, number>> {
    await using client = await KafkaRawClient.connect(this.kafkaPort)
    const request = { topics: [{ name: topic }], allowAutoTopicCreation: false }
    const { brokers, topics } = await client.call('metadata', request as never, 9)
    const ports = new Map(brokers.map(({ nodeId, port }) => [nodeId, port]))
    return new Map(
      topics[0]!.partitions.flatMap(({ partitionIndex, leaderId }) => {
        const port = ports.get(leaderId)
        return port === undefined ? [] : [[partitionIndex, port] as const]
      }),
    )
  }
}
