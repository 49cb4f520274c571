// A broker is killed again and again while clients publish with QoS 1 and 2 to one with a lasting session, set retained
// messages, and leave wills. They connect again by themselves (MQTT.js) and go on with what is unfinished.
import { setTimeout as delay } from 'node:timers/promises'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import type { Random } from '../../../src/lib/random.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'
import { type Conditions, withPreloads } from '../with-preloads.ts'
import { MqttBook, type NumberedTopic } from './mqtt-book.ts'

export interface MqttCrashOptions extends Conditions {
  readonly seed: number
  readonly rounds: number
}

export interface MqttCrashSummary {
  readonly answered: number
  readonly received: number
}

const loadMsMax = 500
/** Most are small; one in so many is too large for a file of the log with others, so it has one of its own. */
const payloadSizeMax = 3000
const largePayloadSize = 300_000
const smallPerLarge = 60
const PATIENCE_MS = 60_000

/** Throws what is wrong. */
export function runMqttCrashRounds(options: MqttCrashOptions): Promise<MqttCrashSummary> {
  return withPreloads(options, async () => {
    await using broker = await TestBroker.start(['--mqtt-port', '0', '--log-level', 'warn'])
    await using clients = new CrashClients(broker.mqttPort, seededRandom(options.seed))
    await clients.start()
    for (let round = 1; round <= options.rounds; round++) {
      const random = seededRandom(options.seed * 7919 + round)
      await clients.leaveWill(`will-${round}`)
      await delay(50 + random.below(loadMsMax))
      await broker.kill()
      await broker.restart(PATIENCE_MS)
    }
    await clients.finish()
    return clients.book.counts
  })
}

class CrashClients implements AsyncDisposable {
  readonly book: MqttBook = new MqttBook()
  readonly #port: number
  readonly #random: Random
  readonly #clients: MqttClient[] = []
  readonly #publishing: Promise<void>[] = []
  #isOver = false

  constructor(port: number, random: Random) {
    this.#port = port
    this.#random = random
  }

  async start(): Promise<void> {
    const consumer = await this.#connect({ clientId: 'consumer', clean: false })
    consumer.on('message', (topic, payload) => this.book.onMessage(topic, numberIn(payload)))
    await consumer.subscribeAsync('crash/#', { qos: 2 })
    const publisher = await this.#connect({ clientId: 'publisher', clean: false })
    for (const topic of this.book.topics) this.#publishing.push(this.#publish(publisher, topic))
  }

  /** A client that is connected when the broker is killed, and never comes back. */
  async leaveWill(payload: string): Promise<void> {
    const will = { topic: 'crash/will', payload: Buffer.from(payload), qos: 1, retain: false }
    await this.#connect({ reconnectPeriod: 0, will: will as IClientOptions['will'] & object })
    this.book.wills.push(payload)
  }

  /** Until all that is owed has come. Throws what is wrong. */
  async finish(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#publishing)
    const { book } = this
    await waitFor('all that was answered', () => book.isComplete, PATIENCE_MS).catch(() => {})
    const last = await this.#connect({ clientId: 'last' })
    // What comes twice has come before this.
    await last.publishAsync('crash/end', 'end', { qos: 2 })
    await waitFor('the end', () => book.received('crash/end').length > 0, PATIENCE_MS)
    const retained = new Map<string, string>()
    last.on('message', (topic, payload) => retained.set(topic, numberIn(payload)))
    await last.subscribeAsync('crash/+/retained', { qos: 1 })
    const kept = book.topics.filter(({ isRetained }) => isRetained)
    await waitFor('what is retained', () => retained.size === kept.length).catch(() => {})
    const wrong = [
      ...book.judge(),
      ...kept.flatMap((topic) => book.judgeRetained(topic, retained.get(topic.name))),
    ]
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients.map((client) => client.endAsync(true)))
  }

  /** One after the other, each when the one before is answered, after a kill too. */
  async #publish(client: MqttClient, topic: NumberedTopic): Promise<void> {
    const { name, qos, isRetained: retain } = topic
    while (!this.#isOver) {
      const payload = String(topic.sent++).padEnd(this.#size())
      while (!(await isSent(client.publishAsync(name, payload, { qos, retain })))) continue
      topic.answered++
    }
  }

  #size(): number {
    if (this.#random.below(smallPerLarge) === 0) return largePayloadSize
    return this.#random.below(payloadSizeMax)
  }

  async #connect(options: IClientOptions): Promise<MqttClient> {
    const client = mqtt.connect({
      host: '127.0.0.1',
      port: this.#port,
      reconnectPeriod: 20,
      ...options,
    })
    // The broker is gone again and again.
    client.on('error', () => {})
    this.#clients.push(client)
    await waitFor('a connection', () => client.connected, PATIENCE_MS)
    return client
  }
}

/** Without the blanks behind it, which only give it a size. */
function numberIn(payload: Buffer): string {
  return payload.toString().trimEnd()
}

/** False for one that was not sent: it waited behind those of before a kill, and the broker was killed once more. */
async function isSent(publishing: Promise<unknown>): Promise<boolean> {
  try {
    await publishing
    return true
  } catch (error) {
    if ((error as Error).message === 'Connection closed') return false
    throw error
  }
}
