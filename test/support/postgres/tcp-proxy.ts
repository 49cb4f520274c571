// A proxy between a client and a server that treats connections badly: cuts them, delays both directions, keeps
// requests until their sender has gone, loses answers.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Requests that were kept back. */
  readonly kept: Buffer[]
}

export class TcpProxy implements AsyncDisposable {
  /** Each direction. */
  delayMs = 0
  /** New connections are closed at once. */
  isRefusing = false
  /** Says of each piece from the server whether it, and all that follows, is lost with its connection. */
  losesAnswer: ((answer: Buffer) => boolean) | undefined
  /** What clients send is kept until `deliverKept`, also when they have gone. */
  isKeepingRequests = false
  /** Where new connections lead. */
  targetPort: number
  readonly #listener: Server
  #isStalled = false
  readonly #pairs = new Set<Pair>()

  private constructor(targetPort: number) {
    this.targetPort = targetPort
    this.#listener = createServer((client) => this.#onConnection(client))
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort)
    proxy.#listener.listen(0, '127.0.0.1')
    await once(proxy.#listener, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get connectionCount(): number {
    return this.#pairs.size
  }

  /** Ends all connections on both sides. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
  }

  /** Ends the clients' side; the server goes on. */
  cutClients(): void {
    for (const { client } of this.#pairs) client.destroy()
  }

  /** Nothing goes through and nothing ends, as when a cable is pulled; what was sent arrives after `flow`. */
  stall(): void {
    this.#isStalled = true
    for (const { client, server } of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  flow(): void {
    this.#isStalled = false
    for (const { client, server } of this.#pairs) {
      client.resume()
      server.resume()
    }
  }

  /** How much is kept back. */
  get keptSize(): number {
    let size = 0
    for (const { kept } of this.#pairs) for (const piece of kept) size += piece.length
    return size
  }

  /** What was kept arrives at the server after all. */
  deliverKept(): void {
    this.isKeepingRequests = false
    for (const { server, kept } of this.#pairs)
      for (const piece of kept.splice(0)) server.write(piece)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#listener.close()
    await once(this.#listener, 'close')
  }

  #onConnection(client: Socket): void {
    client.on('error', () => undefined)
    if (this.isRefusing) {
      client.destroy()
      return
    }
    const server = connect(this.targetPort, '127.0.0.1')
    client.setNoDelay(true)
    server.setNoDelay(true)
    const pair: Pair = { client, server, kept: [] }
    this.#pairs.add(pair)
    client.on('data', (piece: Buffer) => this.#onRequest(pair, piece))
    server.on('data', (piece: Buffer) => this.#onAnswer(pair, piece))
    server.on('error', () => client.destroy())
    server.on('close', () => {
      client.destroy()
      this.#pairs.delete(pair)
    })
    if (this.#isStalled) {
      client.pause()
      server.pause()
    }
    client.on('close', () => {
      // A connection whose requests are kept stays open towards the server.
      if (pair.kept.length === 0) server.destroy()
    })
  }

  #onRequest(pair: Pair, piece: Buffer): void {
    if (this.isKeepingRequests || pair.kept.length > 0) pair.kept.push(piece)
    else this.#later(() => pair.server.write(piece))
  }

  #onAnswer({ client, server }: Pair, piece: Buffer): void {
    if (this.losesAnswer?.(piece) === true) {
      client.destroy()
      server.destroy()
      return
    }
    this.#later(() => client.write(piece))
  }

  #later(act: () => void): void {
    if (this.delayMs === 0) act()
    else setTimeout(act, this.delayMs)
  }
}
