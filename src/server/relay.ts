// Passes the bytes of a client on to another node and back, as they are. What one end does not take makes the other
// one wait; in each direction so much as one read is in memory. An end that is closed closes the other.
//
// All relays read into one buffer, so what is passed on is copied once, into pages that are used again: that costs
// less than memory that Node would make for each read.
import type { Socket } from 'node:net'
import type { MemoryAccount, MemoryHolder, MemoryShare } from '../broker/memory-account.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { pagePool } from '../lib/page-pool.ts'
import { linkLimits } from '../limits/link.ts'
import type { Incoming } from './byte-source.ts'
import type { Sender, SendWatch } from './send-watch.ts'

export interface RelayParts {
  readonly clock: Clock
  readonly memory: MemoryAccount
  /** Ends clients that take nothing of what they are sent. */
  readonly sendWatch: SendWatch
}

/** Whom a relay belongs to. */
export interface RelayOwner {
  /**
   * Gets what the other node says to the client, and sends it on by `toClient`; left out, all of it goes. The bytes
   * are only valid during the call.
   */
  onFromLink?(bytes: Buffer): void
  /** The other node has ended its side, or is gone. Left out, the client is ended as well. */
  onLinkEnded?(): void
  /** Both sockets are closed, or will be without anything more. */
  onClosed(): void
}

/** Shared by all: a read is passed on before the next one begins. */
const readBuffer: Buffer = Buffer.allocUnsafeSlow(linkLimits.relayReadSize)

export class Relay implements Sender, MemoryHolder {
  /** The client's. */
  readonly socket: Socket
  readonly #link: Incoming
  readonly #client: Incoming
  readonly #parts: RelayParts
  readonly #owner: RelayOwner
  readonly #memory: MemoryShare
  #deadline: Timer | undefined
  #hasClientEnded = false
  #hasLinkEnded = false
  #isClosed = false

  /** Nothing of either socket may have been read but what was handled; both are read from now on. */
  constructor(client: Incoming, link: Incoming, parts: RelayParts, owner: RelayOwner) {
    this.socket = client.socket
    this.#client = client
    this.#link = link
    this.#parts = parts
    this.#owner = owner
    this.#memory = parts.memory.open(this)
    client.source.onBytes = (bytes) => this.#toLink(bytes)
    link.source.onBytes = (bytes) => {
      if (owner.onFromLink === undefined) this.toClient(bytes)
      else owner.onFromLink(bytes)
    }
    for (const { socket, source } of [client, link]) {
      source.readBuffer = readBuffer
      socket.allowHalfOpen = true
      socket.on('error', ignore)
    }
    client.socket.on('end', () => this.#onClientEnded())
    link.socket.on('end', () => this.#onLinkEnded())
    client.socket.on('close', () => this.#close(link.socket))
    link.socket.on('close', () => {
      this.#onLinkEnded()
      this.#closeIfDone()
    })
    parts.clock.atEndOfTurn(() => {
      // Their `close` may have been before.
      if (client.socket.destroyed) this.#close(link.socket)
      else if (link.socket.destroyed) this.#onLinkEnded()
    })
    client.socket.resume()
    link.socket.resume()
  }

  /** Whether the client says no more, so that it hardly waits for an answer. */
  get hasClientEnded(): boolean {
    return this.#hasClientEnded
  }

  /** Bytes that the other ends have not taken. */
  get heldSize(): number {
    return this.#memory.total
  }

  /** Sends the client something, of the other node or of ours. */
  toClient(bytes: Buffer): void {
    this.#pass(bytes, this.#link, this.socket)
    this.#count()
    if (this.socket.writableLength > 0) this.#parts.sendWatch.watch(this)
  }

  /** The other node has nothing more to say that the client should hear, and hears nothing more of it. */
  cutLink(): void {
    this.#hasLinkEnded = true
    this.#link.source.onBytes = ignore
    this.#client.source.onBytes = ignore
    this.#link.socket.destroy()
  }

  /** The client gets what it was sent, and then the end; it has a while to close its side. */
  endClient(msMax: number = linkLimits.halfClosedMsMax): void {
    this.socket.end()
    this.#client.socket.resume()
    this.endAfter(msMax)
  }

  /** Ends both in `ms`, whatever becomes of them until then. */
  endAfter(ms: number): void {
    this.#deadline?.stop()
    this.#deadline = this.#parts.clock.after(ms, () => this.destroy())
  }

  /** Ends both at once. */
  destroy(): void {
    this.socket.destroy()
    this.#link.socket.destroy()
    this.#finish()
  }

  onSendLook(): void {
    this.#count()
  }

  /** The client reads nothing. */
  onSendTimeout(): void {
    if (!('encrypted' in this.socket)) this.socket.resetAndDestroy()
    this.destroy()
  }

  onMemoryNeeded(): void {
    this.destroy()
  }

  #toLink(bytes: Buffer): void {
    this.#pass(bytes, this.#client, this.#link.socket)
    this.#count()
  }

  /** What `to` does not take at once stops `from`. */
  #pass(bytes: Buffer, from: Incoming, to: Socket): void {
    if (!to.writable) return
    const page = pagePool.take(bytes.length)
    bytes.copy(page)
    to.write(page, () => {
      pagePool.release(page)
      if (to.writableLength > 0) return
      this.#count()
      if (from.socket.isPaused() && !from.socket.destroyed) from.socket.resume()
    })
    if (to.writableLength > 0) from.socket.pause()
  }

  #count(): void {
    if (this.#isClosed) return
    this.#memory.set('input', this.#link.socket.writableLength)
    this.#memory.set('output', this.socket.writableLength)
  }

  #onClientEnded(): void {
    this.#hasClientEnded = true
    this.#link.socket.end()
    this.endAfter(linkLimits.halfClosedMsMax)
  }

  #onLinkEnded(): void {
    if (this.#hasLinkEnded) return
    this.#hasLinkEnded = true
    if (this.#owner.onLinkEnded === undefined) this.endClient()
    else this.#owner.onLinkEnded()
  }

  #closeIfDone(): void {
    if (this.socket.destroyed) this.#finish()
  }

  /** What the other one has not taken yet still goes out, within the time of an end. */
  #close(other: Socket): void {
    this.#hasLinkEnded = true
    if (other.destroyed) this.#finish()
    else {
      other.resume()
      other.destroySoon()
      this.endAfter(linkLimits.halfClosedMsMax)
    }
    this.#closeOnce()
  }

  #finish(): void {
    this.#deadline?.stop()
    this.#closeOnce()
  }

  #closeOnce(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#parts.sendWatch.forget(this)
    this.#memory.close()
    this.#owner.onClosed()
  }
}

function ignore(): void {}
