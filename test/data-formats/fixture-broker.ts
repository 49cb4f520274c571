// A broker on a data folder with clients of each kind, at a time that the fixture decides about.
import { credentials, type ConfirmChannel } from 'amqplib'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { BrokerClient } from '../../src/cli/broker-client.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import { systemDoors } from '../../src/node/doors.ts'
import { Node } from '../../src/node/node.ts'
import { completeOptions } from '../../src/settings/load-config.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'

/** What sections write with and look with. */
export class FixtureBroker implements AsyncDisposable {
  readonly channel: ConfirmChannel
  readonly raw: KafkaRawClient
  /** Of the local socket. */
  readonly api: BrokerClient
  readonly node: Node
  readonly #session: AmqpSession

  private constructor(
    node: Node,
    clients: Pick<FixtureBroker, 'channel' | 'raw' | 'api'>,
    session: AmqpSession,
  ) {
    this.node = node
    this.channel = clients.channel
    this.raw = clients.raw
    this.api = clients.api
    this.#session = session
  }

  /** `shiftMs`: how far ahead of the machine's its clock is. */
  static async open(data: string, shiftMs = 0): Promise<FixtureBroker> {
    const options = completeOptions({
      data,
      ...otherPortsOff,
      amqpPort: 0,
      kafkaPort: 0,
      httpPort: 'off',
    })
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + shiftMs }
    const node = await Node.open(options, {
      logger: silentLogger,
      storage: 'file',
      syncDelayMs: 0,
      doors: { ...systemDoors, clock },
    })
    const session = await AmqpSession.open(amqpUrl(node))
    const channel = await session.confirmChannel()
    const raw = await KafkaRawClient.connect(node.addresses['kafka']?.port ?? 0)
    return new FixtureBroker(node, { channel, raw, api: new BrokerClient(data) }, session)
  }

  /** A connection as another user. */
  login(user: string, password: string, vhost = '/'): Promise<AmqpSession> {
    const url = `${amqpUrl(this.node)}/${encodeURIComponent(vhost)}`
    return AmqpSession.open(url, { credentials: credentials.plain(user, password) })
  }

  kafka(sasl?: SASLOptions): Kafka {
    const brokers = [`127.0.0.1:${this.node.addresses['kafka']?.port}`]
    return new Kafka({
      brokers,
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      ...(sasl && { sasl }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.raw[Symbol.asyncDispose]()
    await this.#session[Symbol.asyncDispose]()
    await this.node.close()
  }
}

function amqpUrl(node: Node): string {
  return `amqp://127.0.0.1:${node.addresses['amqp']?.port}`
}
