// Ends connections whose peer takes nothing any more: what they are sent stays in the broker's memory.
// Bytes that the peer's system takes count, also in the middle of a large write; the answers of a peer
// that reads slowly are no reason to end it.
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../lib/clock.ts'
import { networkLimits } from '../limits/network.ts'

/** A connection with something that its peer has not taken yet. */
export interface Sender {
  readonly socket: Socket
  /** Nothing was taken for too long. */
  onSendTimeout(): void
}

interface Progress {
  sentSize: number
  /** When `sentSize` was seen to change. */
  at: number
}

/** Parts of a socket that Node does not document: what it has given to the system and what not. */
interface SocketHandle {
  readonly bytesWritten?: number
  readonly writeQueueSize?: number
  /** The socket below that of TLS. */
  readonly _parent?: SocketHandle
}

export class SendWatch {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #watched = new Map<Sender, Progress>()
  #timer: Timer | undefined

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Watches a connection until everything has been taken. To be called when something has not. */
  watch(sender: Sender): void {
    if (this.#watched.has(sender)) return
    this.#watched.set(sender, { sentSize: sentSizeOf(sender.socket), at: this.#clock.monotonic() })
    this.#timer ??= this.#clock.every(networkLimits.sendCheckMs, () => this.#check())
  }

  /** The connection has ended. */
  forget(sender: Sender): void {
    this.#watched.delete(sender)
    if (this.#watched.size > 0) return
    this.#timer?.stop()
    this.#timer = undefined
  }

  #check(): void {
    const now = this.#clock.monotonic()
    for (const [sender, progress] of this.#watched) {
      const { socket } = sender
      const sentSize = sentSizeOf(socket)
      if (socket.writableLength === 0) this.forget(sender)
      else if (sentSize !== progress.sentSize) {
        progress.sentSize = sentSize
        progress.at = now
      } else if (now - progress.at >= this.#timeoutMs) {
        this.forget(sender)
        sender.onSendTimeout()
      }
    }
  }
}

/** Bytes that the system has taken from a socket so far; of TLS, encrypted ones. */
function sentSizeOf(socket: Socket): number {
  const { _handle: own } = socket as Socket & { _handle?: SocketHandle | null }
  const handle = own?._parent ?? own
  const written = handle?.bytesWritten
  if (written !== undefined) return written - (handle?.writeQueueSize ?? 0)
  return socket.bytesWritten - socket.writableLength
}
