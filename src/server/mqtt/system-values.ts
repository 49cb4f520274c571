// What the broker says of itself below the topic $SYS, under Mosquitto's names (mosquitto(8)).
import type { Sessions } from '../../broker/session/sessions.ts'
import type { Clock } from '../../lib/clock.ts'
import type { TrafficCounts } from './traffic-counts.ts'

export interface SystemValue {
  readonly topic: string
  readonly value: string
}

export interface SystemValuesParts {
  readonly sessions: Sessions
  readonly counts: TrafficCounts
  readonly clock: Clock
  /** How often loads are taken. */
  readonly intervalMs: number
  /** As clients read it: Pabal's own name and version, in Mosquitto's form; RabbitMQ has no $SYS. */
  readonly version: string
  readonly connectedCount: () => number
}

const minutes = [1, 5, 15] as const
const msPerMinute = 60_000

/** Rates in a minute, smoothed over so many, as Mosquitto does. */
class Load {
  readonly values: [number, number, number] = [0, 0, 0]
  #count = 0

  add(count: number, intervalMs: number): void {
    const rate = ((count - this.#count) * msPerMinute) / intervalMs
    this.#count = count
    for (const [index, span] of minutes.entries()) {
      const kept = Math.exp(-intervalMs / (span * msPerMinute))
      const before = this.values[index] as number
      this.values[index] = rate + kept * (before - rate)
    }
  }
}

type LoadName = 'messages/received' | 'messages/sent' | 'publish/received' | 'publish/sent'

export class SystemValues {
  readonly #parts: SystemValuesParts
  readonly #startedAt: number
  readonly #loads: Readonly<Record<LoadName, Load>> = {
    'messages/received': new Load(),
    'messages/sent': new Load(),
    'publish/received': new Load(),
    'publish/sent': new Load(),
  }
  #connectedMax = 0

  constructor(parts: SystemValuesParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.monotonic()
  }

  onConnected(): void {
    this.#connectedMax = Math.max(this.#connectedMax, this.#parts.connectedCount())
  }

  /** To be called once an interval. */
  takeLoads(): void {
    const { counts, intervalMs } = this.#parts
    this.#loads['messages/received'].add(counts.packetsReceived, intervalMs)
    this.#loads['messages/sent'].add(counts.packetsSent, intervalMs)
    this.#loads['publish/received'].add(counts.publishesReceived, intervalMs)
    this.#loads['publish/sent'].add(counts.publishesSent, intervalMs)
  }

  /** All of them, as they are now. */
  *current(): Generator<SystemValue> {
    yield* this.#ofClients()
    yield* this.#ofTraffic()
    yield* this.#ofSessions()
    for (const [name, load] of Object.entries(this.#loads)) {
      for (const [index, span] of minutes.entries()) {
        yield valueOf(`load/${name}/${span}min`, (load.values[index] as number).toFixed(2))
      }
    }
  }

  *#ofClients(): Generator<SystemValue> {
    const { clock, version, sessions, connectedCount } = this.#parts
    const seconds = Math.floor((clock.monotonic() - this.#startedAt) / 1000)
    const connected = connectedCount()
    const total = Math.max(sessions.budget.sessions, connected)
    yield valueOf('version', version)
    yield valueOf('uptime', `${seconds} seconds`)
    yield valueOf('clients/total', total)
    yield valueOf('clients/connected', connected)
    yield valueOf('clients/disconnected', total - connected)
    yield valueOf('clients/maximum', this.#connectedMax)
    yield valueOf('clients/expired', sessions.budget.expired)
  }

  *#ofTraffic(): Generator<SystemValue> {
    const { counts } = this.#parts
    yield valueOf('messages/received', counts.packetsReceived)
    yield valueOf('messages/sent', counts.packetsSent)
    yield valueOf('publish/messages/received', counts.publishesReceived)
    yield valueOf('publish/messages/sent', counts.publishesSent)
    yield valueOf('publish/messages/dropped', counts.publishesDropped)
    yield valueOf('publish/bytes/received', counts.publishBytesReceived)
    yield valueOf('publish/bytes/sent', counts.publishBytesSent)
    yield valueOf('bytes/received', counts.bytesReceived)
    yield valueOf('bytes/sent', counts.bytesSent)
  }

  *#ofSessions(): Generator<SystemValue> {
    const { sessions } = this.#parts
    let retained = 0
    let shared = 0
    let messages = 0
    for (const each of sessions) {
      retained += each.retained.count
      shared += each.groups.size
      messages += each.retained.queue?.readyCount ?? 0
      for (const { queue } of each.all.values()) messages += queue?.readyCount ?? 0
    }
    yield valueOf('messages/stored', messages)
    yield valueOf('store/messages/count', messages)
    yield valueOf('retained messages/count', retained)
    yield valueOf('subscriptions/count', sessions.budget.subscriptions)
    yield valueOf('shared_subscriptions/count', shared)
  }
}

function valueOf(name: string, value: string | number): SystemValue {
  return { topic: `$SYS/broker/${name}`, value: String(value) }
}
