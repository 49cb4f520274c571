// What a connection writes while its node may not serve: it is kept, in its order, and leaves when the node serves
// again. The node is asked at the last moment, when a write goes to the system. What the system has by then is its
// own, as with any pause after a write.
import type { Socket } from 'node:net'
import type { GateWaiter, ServingGate } from '../lib/serving-gate.ts'

type Done = (error?: Error | null) => void

/** A write that waits. Streams have one at a time under way, and the rest in their own buffer. */
interface HeldWrite {
  readonly go: () => void
  readonly done: Done
}

export class WriteHold implements GateWaiter {
  /** Called when the node serves again, if somebody has asked `isShut` meanwhile. */
  onOpened: () => void = () => undefined
  readonly #socket: Socket
  readonly #gate: ServingGate
  readonly #write: Socket['_write']
  #held: HeldWrite | undefined
  /** Something is on its way that may leave at any time. */
  #isPassing = false

  /** Takes over how `socket`, to which only buffers are written, gives its bytes to the system. */
  constructor(socket: Socket, gate: ServingGate) {
    this.#socket = socket
    this.#gate = gate
    const write = socket._write.bind(socket)
    const writev = socket._writev?.bind(socket)
    this.#write = write
    socket._write = (chunk, encoding, done: Done): void => {
      if (this.#mayWrite) write(chunk, encoding, done)
      else this.#hold({ go: () => write(chunk, encoding, done), done })
    }
    if (writev !== undefined) {
      socket._writev = (chunks, done: Done): void => {
        if (this.#mayWrite) writev(chunks, done)
        else this.#hold({ go: () => writev(chunks, done), done })
      }
    }
    socket.once('close', () => this.#drop())
  }

  /** Whether bytes may leave at this moment. */
  get isOpen(): boolean {
    return this.#gate.isOpen
  }

  /** As of this turn; when it is, `onOpened` follows. */
  get isShut(): boolean {
    if (!this.#gate.isShut) return false
    this.#gate.wait(this)
    return true
  }

  /** Whether something waits that was written. */
  get isHolding(): boolean {
    return this.#held !== undefined
  }

  /** Sends whole frames past what waits, unless something that the peer has not taken shows it that we are here. */
  pass(bytes: Buffer): void {
    const socket = this.#socket
    const isBusy = this.#held === undefined && socket.writableLength > 0
    if (this.#isPassing || isBusy || socket.destroyed) return
    this.#isPassing = true
    this.#write(bytes, 'buffer' as BufferEncoding, (error) => {
      this.#isPassing = false
      if (error) socket.destroy()
      else this.#release()
    })
  }

  onGateOpened(): void {
    this.#release()
    this.onOpened()
  }

  onGateLost(): void {
    this.#socket.destroy()
  }

  get #mayWrite(): boolean {
    return this.#gate.isOpen && !this.#isPassing
  }

  #hold(write: HeldWrite): void {
    this.#held = write
    if (this.#gate.isShut) this.#gate.wait(this)
  }

  #release(): void {
    const held = this.#held
    if (held === undefined || this.#isPassing) return
    if (!this.#gate.isOpen) {
      this.#gate.wait(this)
      return
    }
    this.#held = undefined
    held.go()
  }

  /** What is retained until it is sent is given back. */
  #drop(): void {
    this.#gate.forget(this)
    const held = this.#held
    this.#held = undefined
    held?.done(new Error('the connection has ended'))
  }
}
