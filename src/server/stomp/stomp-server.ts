// The STOMP side of the broker: its connections, and what all of them have to be told.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { clientLimits } from '../../limits/clients.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { stompLimits } from '../../limits/stomp.ts'
import type { ByteSource, Incoming } from '../byte-source.ts'
import { ConnectionList } from '../connection-list.ts'
import type { PeerFacts } from '../peer-facts.ts'
import { SendWatch } from '../send-watch.ts'
import { StompConnection } from './connection.ts'
import { StompClient } from './stomp-client.ts'
import type { StompContext, StompParts } from './stomp-context.ts'

export class StompServer {
  readonly #context: StompContext
  readonly #stopListening: () => void
  readonly #connections: ConnectionList<StompConnection>
  readonly #unackedCheck: Timer

  constructor(parts: StompParts) {
    const sendWatch = new SendWatch({ ...parts, timeoutMs: parts.settings.sendTimeoutMs })
    const frameShare = new TurnShare(parts.clock, clientLimits.framesMs)
    this.#context = { ...parts, frameShare, sendWatch }
    this.#connections = new ConnectionList({
      parts,
      open: (arrival, onClosed) => new StompConnection(arrival, this.#context, onClosed),
      describe: (connection, registered) => new StompClient(connection, registered),
    })
    this.#unackedCheck = parts.clock.every(memoryLimits.unackedCheckMs, () => {
      const now = parts.clock.monotonic()
      for (const connection of this.#connections) connection.lookAtUnacked(now)
    })
    this.#stopListening = parts.broker.shortage.onChange(this.#onShortage)
  }

  /** Takes over an accepted socket, or what looks like one; closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    this.#connections.accept(socket, source)
  }

  /** Takes over a client that has come elsewhere; nothing has been read of it. */
  adopt(incoming: Incoming, peer: PeerFacts): void {
    this.#connections.open({ ...incoming, peer })
  }

  /** Tells every client that is there why it has to go, and resolves when their connections are closed. */
  async endClients(reason: string): Promise<void> {
    await this.#connections.endAll((connection) => {
      connection.forceToEnd(reason, stompLimits.stopCloseMsMax)
    })
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#unackedCheck.stop()
    await this.endClients("broker forced connection closure with reason 'shutdown'")
  }

  readonly #onShortage = (isShort: boolean): void => {
    if (isShort) return
    for (const connection of this.#connections) connection.onUnblocked()
  }
}
