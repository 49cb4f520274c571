// Reads parts of known size from a socket that nobody else reads yet. What comes after them stays in the socket.
import type { Socket } from 'node:net'

interface Wanted {
  readonly size: number
  readonly resolve: (bytes: Buffer) => void
  readonly reject: (error: Error) => void
}

export class ExactReader {
  readonly #socket: Socket
  #wanted: Wanted | undefined
  #failure: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('readable', this.#look)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
    socket.on('error', this.#fail)
  }

  /** One at a time. Rejects when the socket ends before; never while it only says nothing. */
  read(size: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#wanted = { size, resolve, reject }
      this.#look()
    })
  }

  /** Somebody else reads from now on, and hears of errors. */
  release(): void {
    const socket = this.#socket
    socket.off('readable', this.#look)
    socket.off('end', this.#onEnd)
    socket.off('close', this.#onEnd)
    socket.off('error', this.#fail)
  }

  readonly #look = (): void => {
    const wanted = this.#wanted
    if (wanted === undefined) return
    const bytes = this.#socket.read(wanted.size) as Buffer | null
    // At its end a stream gives what is left, however little.
    if (bytes?.length === wanted.size) {
      this.#wanted = undefined
      wanted.resolve(bytes)
    } else if (bytes !== null) this.#onEnd()
    else if (this.#failure !== undefined) this.#fail(this.#failure)
  }

  readonly #onEnd = (): void => this.#fail(new Error('the other end closed the connection'))

  readonly #fail = (error: Error): void => {
    this.#failure ??= error
    const wanted = this.#wanted
    this.#wanted = undefined
    wanted?.reject(this.#failure)
  }
}
