// Ends connections whose peer takes nothing any more: what they are sent stays in the broker's memory.
// Bytes that the peer's system takes count, also in the middle of a large write; the answers of a peer
// that reads slowly are no reason to end it.
import type { Socket } from 'node:net'
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { networkLimits } from '../limits/network.ts'
import type { WriteHold } from './write-hold.ts'

/** A connection with something that its peer has not taken yet. */
export interface Sender {
  readonly socket: Socket
  /** Where the node may have to stop serving: what it holds back is not the peer's doing. */
  readonly hold?: WriteHold | undefined
  /** Called now and then: there may be room again that nobody told of. */
  onSendLook(): void
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

export interface SendWatchOptions {
  readonly clock: Clock
  readonly memory: MemoryAccount
  /** How long a peer may take nothing. While too much is unsent in all, it is less. */
  readonly timeoutMs: number
}

export class SendWatch {
  readonly #options: SendWatchOptions
  readonly #watched = new Map<Sender, Progress>()
  #timer: Timer | undefined

  constructor(options: SendWatchOptions) {
    this.#options = options
  }

  /**
   * Watches a connection until everything has been taken. To be called when something has not, or when
   * the connection waits for others to take theirs.
   */
  watch(sender: Sender): void {
    if (this.#watched.has(sender)) return
    const { clock } = this.#options
    this.#watched.set(sender, { sentSize: sentSizeOf(sender.socket), at: clock.monotonic() })
    this.#timer ??= clock.every(networkLimits.sendCheckMs, () => this.#check())
  }

  /** The connection has ended. */
  forget(sender: Sender): void {
    this.#watched.delete(sender)
    if (this.#watched.size > 0) return
    this.#timer?.stop()
    this.#timer = undefined
  }

  #check(): void {
    const { clock, memory, timeoutMs } = this.#options
    const now = clock.monotonic()
    const pressedMs = Math.min(timeoutMs, networkLimits.pressedSendMsMax)
    const msMax = memory.isOver('output') ? pressedMs : timeoutMs
    // A copy: whoever is looked at may be forgotten and watched again, and so may others.
    const watched = [...this.#watched]
    for (const [sender, progress] of watched) {
      if (this.#watched.get(sender) !== progress) continue
      if (hasProgress(sender, progress, now)) this.#look(sender)
      else if (now - progress.at >= msMax) {
        this.forget(sender)
        sender.onSendTimeout()
      }
    }
  }

  #look(sender: Sender): void {
    if (sender.socket.writableLength === 0) this.forget(sender)
    sender.onSendLook()
  }
}

/** Whether something was taken since the last look, or nothing is there to be taken. */
function hasProgress({ socket, hold }: Sender, progress: Progress, now: number): boolean {
  const sentSize = sentSizeOf(socket)
  const isHeld = hold?.isHolding === true
  if (socket.writableLength > 0 && sentSize === progress.sentSize && !isHeld) return false
  progress.sentSize = sentSize
  progress.at = now
  return true
}

/** Bytes that the system has taken from a socket so far; of TLS, encrypted ones. */
function sentSizeOf(socket: Socket): number {
  const { _handle: own } = socket as Socket & { _handle?: SocketHandle | null }
  const handle = own?._parent ?? own
  const written = handle?.bytesWritten
  if (written !== undefined) return written - (handle?.writeQueueSize ?? 0)
  return socket.bytesWritten - socket.writableLength
}
