// A broker with a client of each protocol: amqplib and kafkajs.
import type { ConfirmChannel } from 'amqplib'
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs'
import { type RunningBroker, startBroker, type StartOptions } from '../../src/start-broker.ts'
import { AmqpSession } from './amqp-session.ts'
import { otherPortsOff } from './other-ports-off.ts'

export class BothClients implements AsyncDisposable {
  readonly broker: RunningBroker
  readonly session: AmqpSession
  readonly channel: ConfirmChannel
  readonly kafka: Kafka
  readonly admin: Admin
  readonly producer: Producer

  private constructor(parts: Omit<BothClients, typeof Symbol.asyncDispose>) {
    this.broker = parts.broker
    this.session = parts.session
    this.channel = parts.channel
    this.kafka = parts.kafka
    this.admin = parts.admin
    this.producer = parts.producer
  }

  /** Starts a broker on this data folder and connects to it. */
  static async open(data: string, options: StartOptions = {}): Promise<BothClients> {
    const broker = await startBroker({
      data,
      ...otherPortsOff,
      amqpPort: 0,
      kafkaPort: 0,
      httpPort: 'off',
      ...options,
    })
    const session = await AmqpSession.open(`amqp://127.0.0.1:${broker.addresses['amqp']?.port}`)
    const channel = await session.confirmChannel()
    const brokers = [`127.0.0.1:${broker.addresses['kafka']?.port}`]
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    const producer = kafka.producer({ idempotent: true })
    await Promise.all([admin.connect(), producer.connect()])
    return new BothClients({ broker, session, channel, kafka, admin, producer })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.admin.disconnect(), this.producer.disconnect()])
    await this.session[Symbol.asyncDispose]()
    await this.broker.close()
  }
}
