// The STOMP side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { clientLimits } from '../../limits/clients.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { stompLimits } from '../../limits/stomp.ts'
import type { ByteSource, Incoming } from '../byte-source.ts'
import type { PeerFacts } from '../peer-facts.ts'
import { SendWatch } from '../send-watch.ts'
import { WriteHold } from '../write-hold.ts'
import { StompConnection } from './connection.ts'
import { StompClient } from './stomp-client.ts'
import type { StompContext, StompParts } from './stomp-context.ts'

export class StompServer {
  readonly #context: StompContext
  readonly #stopListening: () => void
  readonly #connections = new Map<StompConnection, StompClient>()
  readonly #unackedCheck: Timer
  #allClosed: PromiseWithResolvers<void> | undefined

  constructor(parts: StompParts) {
    const sendWatch = new SendWatch({ ...parts, timeoutMs: parts.settings.sendTimeoutMs })
    const frameShare = new TurnShare(parts.clock, clientLimits.framesMs)
    this.#context = { ...parts, frameShare, sendWatch }
    this.#unackedCheck = parts.clock.every(memoryLimits.unackedCheckMs, () => {
      const now = parts.clock.monotonic()
      for (const connection of this.#connections.keys()) connection.lookAtUnacked(now)
    })
    this.#stopListening = parts.broker.shortage.onChange(this.#onShortage)
  }

  /** Takes over an accepted socket, or what looks like one; closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    if (this.#context.broker.admission.mayEnter) this.#connect({ socket, source })
    else socket.destroy()
  }

  /** Takes over a client that has come elsewhere; nothing has been read of it. */
  adopt(incoming: Incoming, peer: PeerFacts): void {
    this.#connect({ ...incoming, peer })
  }

  /** Tells every client that is there why it has to go, and resolves when their connections are closed. */
  async endClients(reason: string): Promise<void> {
    if (this.#connections.size === 0) return
    this.#allClosed ??= Promise.withResolvers()
    for (const connection of this.#connections.keys()) {
      connection.forceToEnd(reason, stompLimits.stopCloseMsMax)
    }
    await this.#allClosed.promise
    this.#allClosed = undefined
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#unackedCheck.stop()
    await this.endClients("broker forced connection closure with reason 'shutdown'")
  }

  #connect(incoming: Incoming & { readonly peer?: PeerFacts }): void {
    const { clients, gate } = this.#context
    const hold = gate && new WriteHold(incoming.socket, gate)
    const arrival = { ...incoming, hold }
    const connection = new StompConnection(arrival, this.#context, (closed) =>
      this.#onClosed(closed),
    )
    const client = new StompClient(connection, clients.register())
    this.#connections.set(connection, client)
    clients.add(client)
  }

  readonly #onShortage = (isShort: boolean): void => {
    if (isShort) return
    for (const connection of this.#connections.keys()) connection.onUnblocked()
  }

  #onClosed(connection: StompConnection): void {
    const client = this.#connections.get(connection)
    if (client !== undefined) this.#context.clients.remove(client)
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#allClosed?.resolve()
  }
}
