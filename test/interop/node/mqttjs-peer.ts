// A client of MQTT.js that keeps what it receives.

import mqtt, { type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt'
import { broker, prefix, until } from './report.ts'

export const version: 4 | 5 = process.env['MQTT_VERSION'] === '4' ? 4 : 5
const [host = '', port = ''] = broker.split(':')

/** One delivery as the checks need it. */
export interface Delivery {
  readonly topic: string
  readonly payload: Buffer
  readonly packet: mqtt.IPublishPacket
}

/** A connected client and all that it received. */
export class Peer {
  readonly client: MqttClient
  readonly received: Delivery[] = []
  connack: mqtt.IConnackPacket | undefined

  constructor(options: IClientOptions) {
    this.client = mqtt.connect({
      host,
      port: Number(port),
      username: 'guest',
      password: 'guest',
      protocolVersion: version,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      ...options,
    })
    this.client.on('error', () => {})
    this.client.on('connect', (packet) => (this.connack = packet))
    this.client.on('message', (topic, payload, packet) => {
      this.received.push({ topic: topic.slice(prefix.length + 1), payload, packet })
    })
  }

  static async connect(options: IClientOptions = {}): Promise<Peer> {
    const peer = new Peer(options)
    await until('connected', () => peer.connack !== undefined)
    return peer
  }

  get payloads(): string[] {
    return this.received.map(({ payload }) => payload.toString())
  }

  get topics(): string[] {
    return this.received.map(({ topic }) => topic).toSorted()
  }

  async subscribe(
    filter: string,
    qos: 0 | 1 | 2 = 1,
    options: object = {},
  ): Promise<number | undefined> {
    const granted = await this.client.subscribeAsync(at(filter), { qos, ...options })
    return granted[0]?.qos
  }

  publish(
    topic: string,
    payload: string | Buffer,
    options: IClientPublishOptions = {},
  ): Promise<mqtt.Packet | undefined> {
    return this.client.publishAsync(at(topic), payload, { qos: 1, ...options })
  }

  wait(count: number): Promise<void> {
    return until(`${count} messages`, () => this.received.length >= count)
  }

  async end(): Promise<void> {
    await this.client.endAsync()
  }

  /** Without a DISCONNECT. */
  cut(): void {
    this.client.stream.destroy()
  }
}

/** Topics of this run; those of a shared subscription begin elsewhere. */
export function at(name: string): string {
  return name.startsWith('$') ? name : `${prefix}/${name}`
}

/** A session that outlives its connection. */
export function lasting(name: string): IClientOptions {
  const properties = version === 5 ? { properties: { sessionExpiryInterval: 600 } } : {}
  return { clientId: `${prefix}-${name}`, clean: false, ...properties }
}

/** One that is ended with `stack`. */
export async function open(
  stack: AsyncDisposableStack,
  options: IClientOptions = {},
): Promise<Peer> {
  const peer = await Peer.connect(options)
  stack.defer(() => peer.end())
  return peer
}
