// The broker that the clients talk to: a Pabal of their own, or brokers named by PABAL_TEST_KAFKA, PABAL_TEST_AMQP,
// PABAL_TEST_MQTT and PABAL_TEST_STOMP (host:port; user guest), to prove the steps themselves.

import { ConfigCalls, configType } from '../support/config-calls.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import type { ClientProtocol } from './client.ts'

const START_MS = 20_000
const ports: readonly string[] = '--kafka-port 0 --mqtt-port 0 --stomp-port 0'.split(' ')

const protocols: readonly ClientProtocol[] = ['kafka', 'amqp', 'mqtt', 'stomp']

/** True when the steps are proven against other brokers. */
export const isExternal: boolean = protocols.some((protocol) => external(protocol) !== undefined)

function external(protocol: ClientProtocol): string | undefined {
  return process.env[`PABAL_TEST_${protocol.toUpperCase()}`]
}

/** Addresses of a Pabal with its data in a scratch folder, killed when it is disposed of. */
export class InteropBroker implements AsyncDisposable {
  readonly #nodes: readonly TestBroker[]
  #askedCount = 0

  private constructor(nodes: readonly TestBroker[]) {
    this.#nodes = nodes
  }

  /**
   * Starts a Pabal, ready to be connected to, unless every protocol has a broker already.
   * @throws Error with its log when it does not start.
   */
  static async start(wanted: readonly ClientProtocol[]): Promise<InteropBroker> {
    if (wanted.every((protocol) => external(protocol) !== undefined)) return new InteropBroker([])
    const started = await TestBroker.start(ports, [], START_MS)
    try {
      await keepOldRecords(started.kafkaPort)
    } catch (error) {
      await started[Symbol.asyncDispose]()
      throw new Error(`${(error as Error).message}\n${started.output}`, { cause: error })
    }
    return new InteropBroker(started.nodes)
  }

  /** `host:port`; of a cluster's nodes by turns. @throws Error when nothing was started. */
  address(protocol: ClientProtocol): string {
    const found = external(protocol)
    if (found !== undefined) return found
    const node = this.#nodes[this.#askedCount++ % this.#nodes.length]
    if (node === undefined) throw new Error(`there is no broker for ${protocol}`)
    const { port: amqp, kafkaPort: kafka, mqttPort: mqtt, stompPort: stomp } = node
    return `127.0.0.1:${{ amqp, kafka, mqtt, stomp }[protocol]}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nodes[0]?.[Symbol.asyncDispose]()
  }
}

/** The steps produce records of past years, which the usual retention would delete within half a minute. */
export async function keepOldRecords(port: number): Promise<void> {
  await using client = await KafkaRawClient.connect(port)
  const changes = [['log.retention.ms', '-1']] as const
  const [code] = await new ConfigCalls(client).alter(configType.broker, '', changes)
  if (code !== 0) throw new Error(`retention was not set: ${code}`)
}
