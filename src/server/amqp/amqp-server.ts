// The AMQP side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import { clusterNameOf } from '../../broker/cluster-name.ts'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { clientLimits } from '../../limits/clients.ts'
import { memoryLimits } from '../../limits/memory.ts'
import type { ByteSource, Incoming } from '../byte-source.ts'
import type { PeerFacts } from '../peer-facts.ts'
import { SendWatch } from '../send-watch.ts'
import { WriteHold } from '../write-hold.ts'
import { AmqpClient } from './amqp-client.ts'
import type { AmqpContext, AmqpParts } from './amqp-context.ts'
import { Connection } from './connection.ts'
import type { Handover } from './handover.ts'
import { makeReply } from './reply.ts'

export class AmqpServer {
  readonly #context: AmqpContext
  readonly #stopListening: () => void
  readonly #connections = new Map<Connection, AmqpClient>()
  readonly #unackedCheck: Timer
  #allClosed: PromiseWithResolvers<void> | undefined

  constructor(parts: AmqpParts) {
    const sendWatch = new SendWatch({ ...parts, timeoutMs: parts.settings.sendTimeoutMs })
    const frameShare = new TurnShare(parts.clock, clientLimits.framesMs)
    const { broker } = parts
    const clusterName = (): string => clusterNameOf(broker)
    this.#context = { ...parts, admission: broker.admission, clusterName, frameShare, sendWatch }
    this.#unackedCheck = parts.clock.every(memoryLimits.unackedCheckMs, () => {
      const now = parts.clock.monotonic()
      for (const connection of this.#connections.keys()) connection.lookAtUnacked(now)
    })
    this.#stopListening = parts.broker.shortage.onChange(this.#onShortage)
  }

  /** Takes over an accepted socket, or closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    if (!this.mayEnter) {
      socket.destroy()
      return
    }
    this.#connect({ socket, source })
  }

  /** Whether it takes over clients now. Memory may be nearly used up. */
  get mayEnter(): boolean {
    return this.#context.broker.admission.mayEnter
  }

  /**
   * Goes on with a client that has been greeted elsewhere, on its own socket or on another node's. `unread` is what it
   * has sent since, beginning with connection.open.
   */
  adopt(incoming: Incoming, handover: Handover, unread: Buffer): void {
    const connection = this.#connect({ ...incoming, peer: handover.peer })
    incoming.socket.resume()
    connection.resume(handover, unread)
  }

  /** Tells every client that is there why it has to go, and resolves when their connections are closed. */
  async endClients(reason: string): Promise<void> {
    if (this.#connections.size === 0) return
    this.#allClosed ??= Promise.withResolvers()
    const reply = makeReply('connection_forced', reason)
    for (const connection of this.#connections.keys()) {
      connection.closeForReply(reply, 0, amqpLimits.stopCloseMsMax)
    }
    await this.#allClosed.promise
    this.#allClosed = undefined
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#unackedCheck.stop()
    await this.endClients("broker forced connection closure with reason 'shutdown'")
  }

  #connect(incoming: Incoming & { readonly peer?: PeerFacts }): Connection {
    const { clients, gate } = this.#context
    const hold = gate && new WriteHold(incoming.socket, gate)
    const arrival = { ...incoming, hold }
    const connection = new Connection(arrival, this.#context, (closed) => this.#onClosed(closed))
    const client = new AmqpClient(connection, clients.register())
    this.#connections.set(connection, client)
    clients.add(client)
    return connection
  }

  readonly #onShortage = (isShort: boolean): void => {
    for (const connection of this.#connections.keys()) {
      if (isShort) connection.blockedNotice.tell()
      else connection.onUnblocked()
    }
  }

  #onClosed(connection: Connection): void {
    const client = this.#connections.get(connection)
    if (client !== undefined) this.#context.clients.remove(client)
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#allClosed?.resolve()
  }
}
