// A client at a node of a cluster, up to its first packet or frame, which says what virtual host it wants: then nothing
// more is read, until somebody is found who goes on with it, from its first byte.
//
// Lifecycle: reading → known (paused) → handed over, or refused → closed. What it holds is bounded, and so is its time.
import type { Socket } from 'node:net'
import type { MemoryAccount, MemoryHolder, MemoryShare } from '../broker/memory-account.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { edgeLimits } from '../limits/link.ts'
import type { Incoming } from './byte-source.ts'
import type { Released } from './passed-on-client.ts'

/** Reads what comes of one client, up to what it asks for. */
export interface FirstReader<Asked> {
  /** Gets the next bytes, which are good only during the call; undefined: more are needed. Never throws. */
  read(bytes: Buffer): Asked | undefined
}

export interface ArrivingClientParts<Asked> {
  readonly clock: Clock
  readonly memory: MemoryAccount
  readonly reader: FirstReader<Asked>
  /** What is asked for by one that says too much or makes no sense: whoever gets it tells it so. */
  readonly unclear: Asked
  /** Bytes of a first packet or frame. */
  readonly firstSizeMax: number
  /** How long it may take. */
  readonly firstMsMax: number
  /** `handOver` or `refuse` has to follow. */
  readonly onKnown: (client: ArrivingClient<Asked>, asked: Asked) => void
  /** It is gone, or somebody else's. */
  readonly onClosed: (client: ArrivingClient<Asked>) => void
}

type Status = 'reading' | 'known' | 'refused' | 'closed'

export class ArrivingClient<Asked> implements MemoryHolder {
  readonly socket: Socket
  readonly #source: Incoming['source']
  readonly #parts: ArrivingClientParts<Asked>
  readonly #memory: MemoryShare
  #status: Status = 'reading'
  /** What has come, in memory that grows. */
  #unread: Buffer = Buffer.alloc(0)
  #unreadSize = 0
  #deadline: Timer

  /** Of a socket that has been taken over. */
  constructor({ socket, source }: Incoming, parts: ArrivingClientParts<Asked>) {
    const { clock, memory, firstMsMax } = parts
    this.socket = socket
    this.#source = source
    this.#parts = parts
    this.#memory = memory.open(this)
    source.onBytes = (bytes) => this.#onBytes(bytes)
    for (const event of ['end', 'error', 'close']) socket.on(event, this.#onGone)
    this.#deadline = clock.after(firstMsMax, () => this.destroy())
  }

  /** Lets go of the client, which somebody else reads and writes from now on. Undefined when it is gone. */
  handOver(): Released | undefined {
    const { socket } = this
    if (this.#status !== 'known' || socket.destroyed) return undefined
    for (const event of ['end', 'error', 'close']) socket.off(event, this.#onGone)
    this.#finish()
    return { socket, source: this.#source, unread: this.#unread.subarray(0, this.#unreadSize) }
  }

  /** Ends it with these words. Does nothing when it is somebody else's, or gone. */
  refuse(words: Buffer): void {
    if (this.#status === 'closed' || this.#status === 'refused') return
    this.#status = 'refused'
    this.#source.onBytes = ignore
    this.#endAfter(edgeLimits.refusedMsMax)
    if (words.length > 0) this.socket.end(words)
    else this.socket.end()
    this.socket.resume()
  }

  destroy(): void {
    if (this.#status === 'closed') return
    this.#finish()
    this.socket.destroy()
  }

  onMemoryNeeded(): void {
    this.destroy()
  }

  readonly #onGone = (): void => this.destroy()

  #onBytes(bytes: Buffer): void {
    if (this.#status !== 'reading' && this.#status !== 'known') return
    this.#keep(bytes)
    // TLS hands on what it had decrypted before the pause.
    if (this.#status === 'known') return
    const { reader, unclear, firstSizeMax, onKnown } = this.#parts
    const isTooMuch = this.#unreadSize > firstSizeMax
    const asked = reader.read(bytes) ?? (isTooMuch ? unclear : undefined)
    if (asked === undefined) return
    this.#status = 'known'
    this.socket.pause()
    this.#endAfter(edgeLimits.ownerMsMax + this.#parts.firstMsMax)
    onKnown(this, asked)
  }

  #keep(bytes: Buffer): void {
    const size = this.#unreadSize + bytes.length
    if (size > this.#unread.length) {
      const grown = Buffer.allocUnsafe(Math.max(size, 2 * this.#unread.length))
      this.#unread.copy(grown, 0, 0, this.#unreadSize)
      this.#unread = grown
      this.#memory.set('input', grown.length)
    }
    bytes.copy(this.#unread, this.#unreadSize)
    this.#unreadSize = size
  }

  #endAfter(ms: number): void {
    this.#deadline.stop()
    this.#deadline = this.#parts.clock.after(ms, () => this.destroy())
  }

  #finish(): void {
    this.#status = 'closed'
    this.#deadline.stop()
    this.#memory.close()
    this.#parts.onClosed(this)
  }
}

function ignore(): void {}
