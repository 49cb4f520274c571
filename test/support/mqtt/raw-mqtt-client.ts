// A client of MQTT that says just what a test wants, and shows each packet that it gets.
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { PacketReader } from '../../../src/codec/mqtt/packet-reader.ts'
import type { MqttVersion } from '../../../src/codec/mqtt/packet-type.ts'
import { noProperties } from '../../../src/codec/mqtt/properties.ts'
import { type ReadPacket, readPacket } from './read-packet.ts'
import { writePacket } from './write-packet.ts'

/** A server that says nothing for so long will not say it. */
const patienceMs = 30_000

export interface RawConnect {
  readonly version?: MqttVersion
  readonly clientId?: string
  readonly isCleanStart?: boolean
  readonly keepAlive?: number
  readonly properties?: object
  readonly [field: string]: unknown
}

export class RawMqttClient implements AsyncDisposable {
  readonly socket: Socket
  readonly version: MqttVersion
  /** What was received and nobody has asked for. */
  readonly #packets: ReadPacket[] = []
  readonly #reader = new PacketReader('server', 0x1000_0000)
  #isEnded = false
  #onChange: () => void = () => undefined

  private constructor(socket: Socket, version: MqttVersion) {
    this.socket = socket
    this.version = version
    this.#reader.version = version
    socket.on('data', (chunk) => this.#onData(chunk))
    for (const event of ['end', 'close', 'error']) socket.on(event, () => this.#onEnd())
  }

  /** Connects the socket alone. */
  static async open(
    port: number,
    version: MqttVersion = 5,
    options: { readonly allowHalfOpen?: boolean } = {},
  ): Promise<RawMqttClient> {
    const socket = connect({ port, host: '127.0.0.1', ...options })
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new RawMqttClient(socket, version)
  }

  /** Connects, and has been let in. */
  static async connect(port: number, options: RawConnect = {}): Promise<RawMqttClient> {
    const client = await RawMqttClient.open(port, options.version)
    const connack = await client.login(options)
    assert.equal(connack['code'], 0, JSON.stringify(connack))
    return client
  }

  /** Sends CONNECT and returns the answer. */
  login({ version = this.version, ...options }: RawConnect = {}): Promise<ReadPacket> {
    const base = { clientId: '', isCleanStart: true, keepAlive: 60, properties: noProperties }
    this.send({ name: 'CONNECT', version, ...base, ...options })
    return this.receive('CONNACK')
  }

  send(...packets: ReadPacket[]): void {
    for (const packet of packets) this.write(writePacket(packet, this.version, 'client'))
  }

  write(bytes: Buffer): void {
    if (this.socket.writable) this.socket.write(bytes)
  }

  publish(fields: object = {}): void {
    const flags = { qos: 0, isDuplicate: false, isRetained: false, packetId: 0 }
    const content = { topic: 'a/b', payload: 'hi', properties: noProperties }
    this.send({ name: 'PUBLISH', ...flags, ...content, ...fields })
  }

  answer(name: string, packetId: number, code = 0): void {
    this.send({ name, packetId, code, properties: noProperties })
  }

  /** Subscribes and returns the codes of the answer. */
  async subscribe(filter: string, options: object = {}): Promise<readonly number[]> {
    const { properties = noProperties, ...others } = options as { properties?: object }
    const flags = { qos: 0, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 }
    const subscriptions = [{ filter, ...flags, ...others }]
    this.send({ name: 'SUBSCRIBE', packetId: 1, properties, subscriptions })
    const suback = await this.receive('SUBACK')
    return suback['codes'] as readonly number[]
  }

  /** The next packet, which is one of this name. */
  async receive(name?: string): Promise<ReadPacket> {
    const packet = await this.next()
    assert.ok(packet !== undefined, `the connection ended before ${name ?? 'a packet'} came`)
    if (name !== undefined) assert.equal(packet.name, name, JSON.stringify(packet))
    return packet
  }

  /** The next packet; undefined when the connection ends before one comes. */
  async next(): Promise<ReadPacket | undefined> {
    await this.#until(() => this.#packets.length > 0 || this.#isEnded, 'a packet')
    return this.#packets.shift()
  }

  /** Waits until the connection has ended; returns what came before. */
  async ended(): Promise<readonly ReadPacket[]> {
    await this.#until(() => this.#isEnded, 'the end')
    return this.#packets.splice(0)
  }

  /** Asks the server to answer, and so to have done all that it was asked before; returns what came meanwhile. */
  async ping(): Promise<readonly ReadPacket[]> {
    this.send({ name: 'PINGREQ' })
    const before: ReadPacket[] = []
    for (;;) {
      const packet = await this.receive()
      if (packet.name === 'PINGRESP') return before
      before.push(packet)
    }
  }

  /** The network has gone. */
  drop(): void {
    this.socket.destroy()
  }

  async disconnect(code = 0, properties: object = noProperties): Promise<void> {
    this.send({ name: 'DISCONNECT', type: 14, code, properties })
    await this.ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.ended()
  }

  #onData(chunk: Buffer): void {
    this.#reader.push(Buffer.from(chunk))
    while (this.#reader.next()) this.#packets.push(readPacket(this.#reader, 'server'))
    this.#onChange()
  }

  #onEnd(): void {
    this.#isEnded = true
    this.#onChange()
  }

  async #until(isThere: () => boolean, what: string): Promise<void> {
    if (isThere()) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no ${what} in ${patienceMs} ms`)),
        patienceMs,
      )
      this.#onChange = () => {
        if (!isThere()) return
        clearTimeout(timer)
        this.#onChange = () => undefined
        resolve()
      }
    })
  }
}
