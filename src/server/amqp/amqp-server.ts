// The AMQP side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import { clusterNameOf } from '../../broker/cluster-name.ts'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { clientLimits } from '../../limits/clients.ts'
import { memoryLimits } from '../../limits/memory.ts'
import type { ByteSource, Incoming } from '../byte-source.ts'
import { ConnectionList } from '../connection-list.ts'
import { SendWatch } from '../send-watch.ts'
import { AmqpClient } from './amqp-client.ts'
import type { AmqpContext, AmqpParts } from './amqp-context.ts'
import { Connection } from './connection.ts'
import type { Handover } from './handover.ts'
import { makeReply } from './reply.ts'

export class AmqpServer {
  readonly #context: AmqpContext
  readonly #stopListening: () => void
  readonly #connections: ConnectionList<Connection>
  readonly #unackedCheck: Timer

  constructor(parts: AmqpParts) {
    const sendWatch = new SendWatch({ ...parts, timeoutMs: parts.settings.sendTimeoutMs })
    const frameShare = new TurnShare(parts.clock, clientLimits.framesMs)
    const { broker } = parts
    const clusterName = (): string => clusterNameOf(broker)
    this.#context = { ...parts, admission: broker.admission, clusterName, frameShare, sendWatch }
    this.#connections = new ConnectionList({
      parts,
      open: (arrival, onClosed) => new Connection(arrival, this.#context, onClosed),
      describe: (connection, registered) => new AmqpClient(connection, registered),
    })
    this.#unackedCheck = parts.clock.every(memoryLimits.unackedCheckMs, () => {
      const now = parts.clock.monotonic()
      for (const connection of this.#connections) connection.lookAtUnacked(now)
    })
    this.#stopListening = parts.broker.shortage.onChange(this.#onShortage)
  }

  /** Takes over an accepted socket, or closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    this.#connections.accept(socket, source)
  }

  /** Whether it takes over clients now. Memory may be nearly used up. */
  get mayEnter(): boolean {
    return this.#connections.mayEnter
  }

  /**
   * Goes on with a client that has been greeted elsewhere, on its own socket or on another node's. `unread` is what it
   * has sent since, beginning with connection.open.
   */
  adopt(incoming: Incoming, handover: Handover, unread: Buffer): void {
    const connection = this.#connections.open({ ...incoming, peer: handover.peer })
    incoming.socket.resume()
    connection.resume(handover, unread)
  }

  /** Tells every client that is there why it has to go, and resolves when their connections are closed. */
  async endClients(reason: string): Promise<void> {
    const reply = makeReply('connection_forced', reason)
    await this.#connections.endAll((connection) => {
      connection.closeForReply(reply, 0, amqpLimits.stopCloseMsMax)
    })
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#unackedCheck.stop()
    await this.endClients("broker forced connection closure with reason 'shutdown'")
  }

  readonly #onShortage = (isShort: boolean): void => {
    for (const connection of this.#connections) {
      if (isShort) connection.blockedNotice.tell()
      else connection.onUnblocked()
    }
  }
}
