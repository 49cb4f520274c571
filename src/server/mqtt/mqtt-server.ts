// The MQTT side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { clientLimits } from '../../limits/clients.ts'
import type { ByteSource, Incoming } from '../byte-source.ts'
import type { PeerFacts } from '../peer-facts.ts'
import { SendWatch } from '../send-watch.ts'
import { WriteHold } from '../write-hold.ts'
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
  readonly #connections = new Map<MqttConnection, MqttClient>()
  readonly #systemTimer: Timer | undefined
  #allClosed: PromiseWithResolvers<void> | undefined

  constructor(parts: MqttParts) {
    const { settings, clock, sessions, broker } = parts
    const counts = new TrafficCounts()
    const { sysIntervalMs: intervalMs, productName, productVersion } = settings
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
        version: `${productName} version ${productVersion}`,
        connectedCount: () => this.#connections.size,
      }),
    }
    if (intervalMs > 0) this.#systemTimer = clock.every(intervalMs, () => this.#onSystemInterval())
    this.#stopListening = broker.shortage.onChange(this.#onShortage)
  }

  /** Takes over an accepted socket, or closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    if (this.mayEnter) this.#connect({ socket, source })
    else socket.destroy()
  }

  /** Whether it takes over clients now. Memory may be nearly used up. */
  get mayEnter(): boolean {
    return this.#context.broker.admission.mayEnter
  }

  /** Takes over a client that has come elsewhere; nothing has been read of it. */
  adopt(incoming: Incoming, peer: PeerFacts): void {
    this.#connect({ ...incoming, peer })
  }

  /** Tells every client that is there why it has to go, and resolves when their connections are closed. */
  async endClients(reason: string): Promise<void> {
    if (this.#connections.size === 0) return
    this.#allClosed ??= Promise.withResolvers()
    const { promise } = this.#allClosed
    for (const connection of this.#connections.keys()) connection.endForStop(reason)
    await promise
    this.#allClosed = undefined
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#systemTimer?.stop()
    await this.endClients('the broker stops')
  }

  #connect(incoming: Incoming & { readonly peer?: PeerFacts }): void {
    const { clients, gate } = this.#context
    const hold = gate && new WriteHold(incoming.socket, gate)
    const arrival = { ...incoming, hold }
    const connection = new MqttConnection(arrival, this.#context, (closed) =>
      this.#onClosed(closed),
    )
    const client = new MqttClient(connection, clients.register())
    this.#connections.set(connection, client)
    clients.add(client)
  }

  readonly #onShortage = (isShort: boolean): void => {
    if (isShort) return
    for (const connection of this.#connections.keys()) connection.onUnblocked()
  }

  #onSystemInterval(): void {
    this.#context.system.takeLoads()
    for (const connection of this.#connections.keys()) {
      if (connection.status === 'running') publishSystemValues(connection)
    }
  }

  #onClosed(connection: MqttConnection): void {
    const client = this.#connections.get(connection)
    if (client !== undefined) this.#context.clients.remove(client)
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#allClosed?.resolve()
  }
}
