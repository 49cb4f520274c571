// The AMQP side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { memoryLimits } from '../../limits/memory.ts'
import type { ByteSource } from '../byte-source.ts'
import { SendWatch } from '../send-watch.ts'
import { AmqpClient } from './amqp-client.ts'
import type { AmqpContext, AmqpParts } from './amqp-context.ts'
import { Connection } from './connection.ts'
import { makeReply } from './reply.ts'

export class AmqpServer {
  readonly #context: AmqpContext
  readonly #stopListening: () => void
  readonly #connections = new Map<Connection, AmqpClient>()
  readonly #unackedCheck: Timer
  #onAllClosed: (() => void) | undefined

  constructor(parts: AmqpParts) {
    const sendWatch = new SendWatch({ ...parts, timeoutMs: parts.settings.sendTimeoutMs })
    const frameShare = new TurnShare(parts.clock, amqpLimits.framesMs)
    this.#context = { ...parts, frameShare, sendWatch }
    this.#unackedCheck = parts.clock.every(memoryLimits.unackedCheckMs, () => {
      const now = parts.clock.monotonic()
      for (const connection of this.#connections.keys()) connection.lookAtUnacked(now)
    })
    this.#stopListening = parts.broker.shortage.onChange(this.#onShortage)
  }

  /** Takes over an accepted socket, or closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    if (!this.#context.broker.admission.mayEnter) {
      socket.destroy()
      return
    }
    const connection = new Connection({ socket, source }, this.#context, (closed) => {
      this.#onClosed(closed)
    })
    const { clients } = this.#context
    const client = new AmqpClient(connection, socket, clients.register())
    this.#connections.set(connection, client)
    clients.add(client)
  }

  /** Tells every client that the broker stops, and resolves when all connections are closed. */
  close(): Promise<void> {
    this.#stopListening()
    this.#unackedCheck.stop()
    const reply = makeReply(
      'connection_forced',
      "broker forced connection closure with reason 'shutdown'",
    )
    for (const connection of this.#connections.keys()) {
      connection.closeForReply(reply, 0, amqpLimits.stopCloseMsMax)
    }
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onAllClosed = resolve
    })
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
    if (this.#connections.size === 0) this.#onAllClosed?.()
  }
}
