// The AMQP side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { memoryLimits } from '../../limits/memory.ts'
import type { ByteSource } from '../byte-source.ts'
import { SendWatch } from '../send-watch.ts'
import type { WriteHold } from '../write-hold.ts'
import { AmqpClient } from './amqp-client.ts'
import type { AmqpContext, AmqpParts } from './amqp-context.ts'
import { Connection } from './connection.ts'
import { makeReply } from './reply.ts'

export class AmqpServer {
  readonly #context: AmqpContext
  readonly #stopListening: () => void
  readonly #connections = new Map<Connection, AmqpClient>()
  readonly #unackedCheck: Timer
  #allClosed: PromiseWithResolvers<void> | undefined

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
  readonly accept = (socket: Socket, source: ByteSource, hold?: WriteHold): void => {
    if (!this.#context.broker.admission.mayEnter) {
      socket.destroy()
      return
    }
    const connection = new Connection({ socket, source, hold }, this.#context, (closed) => {
      this.#onClosed(closed)
    })
    const { clients } = this.#context
    const client = new AmqpClient(connection, socket, clients.register())
    this.#connections.set(connection, client)
    clients.add(client)
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
