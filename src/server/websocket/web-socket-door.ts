// Where requests become connections of WebSocket: on ports of their own, and on the HTTP port. From there on they are
// sockets like others for the protocols that take them.
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Credentials } from '../../auth/sasl.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { webSocketLimits } from '../../limits/websocket.ts'
import { takeOver } from '../byte-source.ts'
import { noteWebSocket } from '../web-socket-facts.ts'
import { type Agreed, judgeUpgrade, type Refusal, type UpgradeRules } from './judge-upgrade.ts'
import type { WebSocketProtocol } from './sub-protocols.ts'
import { asSocket, TlsWebSocket, WebSocket } from './web-socket.ts'

/** A protocol that takes clients over. */
export interface WebSocketTarget {
  /** Gets what is a socket for it; reads begin when it returns. */
  readonly accept: (socket: Socket) => void
  readonly takesText: boolean
  readonly sendsText: boolean
  /** Largest frame of a client that was answered once; before, the usual limit unless it `isTrusted`. */
  readonly frameSizeMax: number
  readonly isTrusted: boolean
}

export interface WebSocketDoorParts {
  readonly clock: Clock
  readonly rules: UpgradeRules
  /** Why nobody is taken at this moment. */
  readonly whyShut: () => string | undefined
  /** Undefined for a protocol that is off. */
  readonly targetOf: (protocol: WebSocketProtocol) => WebSocketTarget | undefined
}

export class WebSocketDoor implements Disposable {
  readonly #parts: WebSocketDoorParts
  readonly #server: Server
  /** They have not asked yet. */
  readonly #arrivals = new Map<Socket, WebSocketProtocol>()
  readonly #open = new Set<WebSocket>()
  /** Of those that are and that end. */
  readonly #raw = new Set<Socket>()
  #timer: Timer | undefined

  constructor(parts: WebSocketDoorParts) {
    this.#parts = parts
    const { handshakeMsMax } = webSocketLimits
    this.#server = createServer(
      {
        headersTimeout: handshakeMsMax,
        requestTimeout: handshakeMsMax,
        connectionsCheckingInterval: 1000,
      },
      answerRequest,
    )
    this.#server.on('upgrade', (request, socket, head) => {
      const protocol = this.#arrivals.get(socket as Socket)
      this.#arrivals.delete(socket as Socket)
      this.#upgrade({ request, socket: socket as Socket, head }, protocol)
    })
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      ;(socket as Socket).destroySoon()
    })
    // Node looks after slow connections from here on only.
    this.#server.emit('listening')
  }

  /** Takes over a socket of a port of `protocol`, of which nothing has been read. */
  accept(socket: Socket, protocol: WebSocketProtocol): void {
    const [oldest] =
      this.#arrivals.size < webSocketLimits.handshakesMax ? [] : this.#arrivals.keys()
    oldest?.destroy()
    this.#arrivals.set(socket, protocol)
    socket.once('close', () => this.#arrivals.delete(socket))
    this.#server.emit('connection', socket)
    socket.resume()
  }

  /** A request to the HTTP port for something else than HTTP. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#upgrade({ request, socket, head }, undefined)
  }

  [Symbol.dispose](): void {
    this.#timer?.stop()
    this.#server.close()
    for (const socket of this.#arrivals.keys()) socket.destroy()
    for (const raw of this.#raw) raw.destroy()
  }

  #upgrade(asked: Asked, protocol: WebSocketProtocol | undefined): void {
    const { request, socket } = asked
    socket.on('error', ignore)
    const shut = this.#parts.whyShut()
    const judged =
      shut === undefined
        ? judgeUpgrade(request, protocol, this.#parts.rules)
        : { status: 503, text: shut }
    if ('status' in judged) {
      refuse(socket, judged)
      return
    }
    const target = this.#parts.targetOf(judged.protocol)
    if (target === undefined) refuse(socket, { status: 404, text: `${judged.protocol} is off` })
    else this.#welcome(asked, judged, target)
  }

  #welcome(
    { request, socket: accepted, head }: Asked,
    agreed: Agreed,
    target: WebSocketTarget,
  ): void {
    const incoming = takeOver(accepted)
    // What came with the request is not in the buffer that all share.
    const options = { ...target, clock: this.#parts.clock }
    const isTls = 'encrypted' in accepted
    const raw = incoming.socket
    const made = new (isTls ? TlsWebSocket : WebSocket)(incoming, head, options)
    const socket = asSocket(made)
    noteWebSocket(socket, {
      subProtocol: agreed.subProtocol,
      login: basicLoginIn(request.headers.authorization),
    })
    this.#keep(made, raw)
    // Where another object has the system's socket now, this one has ended for those who listen.
    if (raw !== accepted) accepted.destroy()
    raw.write(Buffer.from(answerTo(agreed)))
    target.accept(socket)
    made.start()
  }

  #keep(made: WebSocket, raw: Socket): void {
    this.#open.add(made)
    this.#raw.add(raw)
    made.once('close', () => this.#open.delete(made))
    raw.once('close', () => this.#raw.delete(raw))
    this.#timer ??= this.#parts.clock.every(webSocketLimits.pingMs, () => this.#look())
  }

  #look(): void {
    for (const webSocket of this.#open) webSocket.look()
    if (this.#open.size > 0) return
    this.#timer?.stop()
    this.#timer = undefined
  }
}

interface Asked {
  readonly request: IncomingMessage
  readonly socket: Socket
  readonly head: Buffer
}

function answerTo({ accept, subProtocol }: Agreed): string {
  const named = subProtocol === undefined ? '' : `Sec-WebSocket-Protocol: ${subProtocol}\r\n`
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n${named}\r\n`
  )
}

function refuse(socket: Socket, { status, text, headers = {} }: Refusal): void {
  const body = `${text}\n`
  const all = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`
  socket.write(Buffer.from(`${head}${body}`))
  socket.destroySoon()
}

/** A request that asks for nothing else than HTTP. */
function answerRequest(_request: IncomingMessage, response: ServerResponse): void {
  const headers = { Upgrade: 'websocket', Connection: 'close', 'Content-Type': 'text/plain' }
  response.writeHead(426, headers).end('This port speaks WebSocket\n')
}

/** RFC 7617: what is no such thing is no login. */
function basicLoginIn(header: string | undefined): Credentials | undefined {
  const [, encoded] = /^basic +([a-z0-9+/=]+)$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const colon = bytes.indexOf(':')
  if (colon < 0) return undefined
  return { user: bytes.subarray(0, colon).toString(), password: bytes.subarray(colon + 1) }
}

function ignore(): void {}
