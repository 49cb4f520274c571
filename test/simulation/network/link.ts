// One connection between a client and the broker, seen from the client; its other end is the broker's
// socket.
import type { Random } from '../../../src/lib/random.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { Pipe, type PipeOptions } from './pipe.ts'
import { SimulatedSocket } from './simulated-socket.ts'

export interface LinkOptions {
  readonly clock: VirtualClock
  readonly random: Random
  /** Longest time that a piece is on its way, in ms. */
  readonly latencyMsMax: number
  /** Most that a read gets at once, in bytes. */
  readonly pieceSizeMax: number
  /** Bytes on their way in one direction. */
  readonly windowSize: number
}

/** Whoever uses the client's end. */
export interface LinkUser {
  /** The bytes are only valid during the call. */
  onBytes(bytes: Buffer): void
  /** The connection has ended. Called once. */
  onClosed(reason: string): void
}

export class Link {
  readonly name: string
  readonly socket: SimulatedSocket
  /** Nothing will be heard of it any more. */
  onGone: () => void = () => undefined
  user: LinkUser | undefined
  /** The client's end is closed, by whomever. */
  isClosed = false
  /** The broker has closed its end, or has died. */
  isClosedByBroker = false
  /** The line is dead, and neither side knows. */
  isDead = false
  readonly #options: LinkOptions
  readonly #toBroker: Pipe
  readonly #toClient: Pipe
  /** Bytes of the client that the window has no room for. */
  #unsent: Buffer[] = []
  #isEnding = false
  readonly #closedByBroker: (() => void)[] = []
  readonly #closing: (() => void)[] = []

  constructor(name: string, options: LinkOptions) {
    this.name = name
    this.#options = options
    const pipe = this.#pipeOptions()
    this.#toClient = new Pipe(pipe, {
      onPiece: (bytes) => this.user?.onBytes(bytes),
      onEnd: () => this.#close('the broker closed it'),
    })
    this.socket = new SimulatedSocket({
      outgoing: this.#toClient,
      incoming: () => this.#toBroker,
      onDestroyed: (isReset) => this.#onBrokerClosed(isReset),
    })
    this.#toBroker = new Pipe(pipe, {
      onPiece: (bytes) => this.socket.receive(bytes),
      onEnd: () => this.socket.receiveEnd(),
    })
    this.#toBroker.onRoom = () => this.#pushUnsent()
    // Whoever accepts it says when it wants to read.
    this.#toBroker.pause()
  }

  /** The bytes must not change afterwards. */
  send(bytes: Buffer): void {
    if (this.isClosed || this.#isEnding) return
    this.#unsent.push(bytes)
    this.#pushUnsent()
  }

  /** The client sends nothing more, and goes on reading. */
  end(): void {
    // Nobody waits for ever for the other side to end, too.
    if (this.isDead) {
      this.abandon()
      return
    }
    this.beginClosing()
    this.#isEnding = true
    if (this.#unsent.length === 0) this.#toBroker.end()
  }

  /** Breaks the connection: both sides hear of it, each in its time. */
  reset(): void {
    if (this.isClosed) return
    this.beginClosing()
    this.#toBroker.cut()
    this.#toClient.cut()
    this.#later(() => this.socket.break(resetError()))
    this.#later(() => this.#close('reset'))
  }

  /** The client's process is gone; a clean system tells the broker. */
  abandon(): void {
    if (this.isClosed) return
    this.beginClosing()
    this.#toClient.cut()
    this.#unsent = []
    // What had left the client still arrives, and then the end of it.
    this.#toBroker.end()
    this.#close('abandoned')
  }

  /** The line is dead: neither side hears anything any more, not even that. */
  vanish(): void {
    this.isDead = true
    this.beginClosing()
    this.#toBroker.cut()
    this.#toClient.cut()
    if (this.#isEnding) this.#close('abandoned')
  }

  /** The client does not read. */
  pauseReading(): void {
    this.#toClient.pause()
  }

  resumeReading(): void {
    this.#toClient.resume()
  }

  /** Calls back when the broker may begin to close it: the client has, or the line is broken. */
  whenClosing(callback: () => void): void {
    this.#closing.push(callback)
  }

  /** Tells that the broker may begin to close it. */
  beginClosing(): void {
    for (const callback of this.#closing.splice(0)) callback()
  }

  /** Calls back when the broker will handle nothing more of what the client has sent. */
  whenClosedByBroker(callback: () => void): void {
    if (this.isClosedByBroker) callback()
    else this.#closedByBroker.push(callback)
  }

  onBrokerKilled(): void {
    this.socket.die()
    this.#noteClosedByBroker()
    // The system sends on what it had, or tells at once that the process is gone.
    if (this.#options.random.next() < 0.5) {
      this.#toClient.cut()
      this.#later(() => this.#close('reset by the broker'))
    } else {
      this.#toClient.end()
    }
  }

  #onBrokerClosed(isReset: boolean): void {
    this.#noteClosedByBroker()
    if (isReset) {
      this.#toClient.cut()
      this.#later(() => this.#close('reset by the broker'))
    } else {
      this.#toClient.end()
    }
    if (this.isClosed) this.onGone()
  }

  #noteClosedByBroker(): void {
    this.beginClosing()
    this.isClosedByBroker = true
    this.#toBroker.cut()
    for (const callback of this.#closedByBroker.splice(0)) callback()
  }

  #pushUnsent(): void {
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const taken = this.#toBroker.offer(first)
      if (taken < first.length) {
        this.#unsent[0] = first.subarray(taken)
        return
      }
      this.#unsent.shift()
    }
    if (this.#isEnding) this.#toBroker.end()
  }

  #close(reason: string): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#unsent = []
    if (this.isClosedByBroker) this.onGone()
    else if (!this.#isEnding) this.#toBroker.end()
    this.user?.onClosed(reason)
  }

  #later(callback: () => void): void {
    const { clock, random, latencyMsMax } = this.#options
    clock.after(random.next() * latencyMsMax, callback)
  }

  #pipeOptions(): PipeOptions {
    const { clock, random, latencyMsMax, pieceSizeMax, windowSize } = this.#options
    return {
      clock,
      windowSize,
      latencyMs: () => random.next() * latencyMsMax,
      pieceSize: (size) => {
        // Often all of it, often a few bytes: cuts fall into every field sooner or later.
        const share = random.next()
        if (share < 0.5) return Math.min(size, pieceSizeMax)
        if (share < 0.6) return 1 + random.below(Math.min(size, 16))
        return 1 + random.below(Math.min(size, pieceSizeMax))
      },
    }
  }
}

function resetError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}
