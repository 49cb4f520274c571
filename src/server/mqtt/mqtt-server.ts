// The MQTT side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { version } from '../../lib/version.ts'
import { clientLimits } from '../../limits/clients.ts'
import type { ByteSource, Incoming } from '../byte-source.ts'
import { ConnectionList } from '../connection-list.ts'
import type { PeerFacts } from '../peer-facts.ts'
import { SendWatch } from '../send-watch.ts'
import { MqttConnection } from './connection.ts'
import { PublishToRecord } from './message/publish-to-record.ts'
import { MqttClient } from './mqtt-client.ts'
import type { MqttContext, MqttParts } from './mqtt-context.ts'
import { publishSystemValues } from './system-topics.ts'
import { SystemValues } from './system-values.ts'
import { TrafficCounts } from './traffic-counts.ts'

export class MqttServer {
  readonly #context: MqttContext
  readonly #stopListening: () => void
  readonly #connections: ConnectionList<MqttConnection>
  readonly #systemTimer: Timer | undefined

  constructor(parts: MqttParts) {
    const { settings, clock, sessions, broker } = parts
    const counts = new TrafficCounts()
    const { sysIntervalMs: intervalMs } = settings
    this.#context = {
      ...parts,
      counts,
      packetShare: new TurnShare(clock, clientLimits.framesMs),
      sendWatch: new SendWatch({ ...parts, timeoutMs: settings.sendTimeoutMs }),
      toRecord: new PublishToRecord(sessions.exchange),
      system: new SystemValues({
        sessions,
        counts,
        clock,
        intervalMs,
        version: `pabal version ${version}`,
        connectedCount: () => this.#connections.size,
      }),
    }
    this.#connections = new ConnectionList({
      parts,
      open: (arrival, onClosed) => new MqttConnection(arrival, this.#context, onClosed),
      describe: (connection, registered) => new MqttClient(connection, registered),
    })
    if (intervalMs > 0) this.#systemTimer = clock.every(intervalMs, () => this.#onSystemInterval())
    this.#stopListening = broker.shortage.onChange(this.#onShortage)
  }

  /** Takes over an accepted socket, or closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    this.#connections.accept(socket, source)
  }

  /** Whether it takes over clients now. Memory may be nearly used up. */
  get mayEnter(): boolean {
    return this.#connections.mayEnter
  }

  /** Takes over a client that has come elsewhere; nothing has been read of it. */
  adopt(incoming: Incoming, peer: PeerFacts): void {
    this.#connections.open({ ...incoming, peer })
  }

  /** Tells every client that is there why it has to go, and resolves when their connections are closed. */
  async endClients(reason: string): Promise<void> {
    await this.#connections.endAll((connection) => connection.endForStop(reason))
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#systemTimer?.stop()
    await this.endClients('the broker stops')
  }

  readonly #onShortage = (isShort: boolean): void => {
    if (isShort) return
    for (const connection of this.#connections) connection.onUnblocked()
  }

  #onSystemInterval(): void {
    this.#context.system.takeLoads()
    for (const connection of this.#connections) {
      if (connection.status === 'running') publishSystemValues(connection)
    }
  }
}
