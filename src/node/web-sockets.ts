// WebSocket on a node: which protocols take clients that come by it. What it needs is loaded for the first of them.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { isLoopback } from '../lib/loopback.ts'
import { loopbackHosts } from '../lib/own-hosts.ts'
import { webSocketLimits } from '../limits/websocket.ts'
import type { WebSocketProtocol } from '../server/websocket/sub-protocols.ts'
import type { WebSocketDoor, WebSocketTarget } from '../server/websocket/web-socket-door.ts'
import type { BrokerOptions } from '../settings/settings.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { Service } from './service.ts'

export interface WebSocketsParts {
  readonly options: BrokerOptions
  readonly clock: Clock
  readonly logger: Logger
  /** Why nobody is let in at this moment. */
  readonly whyShut: () => string | undefined
}

export class WebSockets implements Disposable {
  readonly #parts: WebSocketsParts
  readonly #targets = new Map<WebSocketProtocol, WebSocketTarget>()
  #loading: Promise<WebSocketDoor> | undefined
  #isClosed = false

  constructor(parts: WebSocketsParts) {
    this.#parts = parts
  }

  /** `server` takes clients that come by WebSocket from now on, at its ports for that and at the HTTP port. */
  offer(services: readonly Service[], server: ProtocolServer): ProtocolServer {
    const service = services.find(({ webSocket }) => webSocket !== undefined)
    const protocol = service?.webSocket
    if (service === undefined || protocol === undefined) return server
    this.#targets.set(protocol, {
      ...rulesOf(protocol, this.#parts.options),
      accept: server.acceptorOf(service),
    })
    return {
      acceptorOf: (asked) =>
        asked.webSocket === undefined
          ? server.acceptorOf(asked)
          : (socket) => this.#withDoor(socket, (door) => door.accept(socket, protocol)),
      ...(server.endClients && {
        endClients: (reason: string) => server.endClients?.(reason) ?? Promise.resolve(),
      }),
      ...(server.prepare && { prepare: () => server.prepare?.() ?? Promise.resolve() }),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  }

  /** A request to the HTTP port that wants another protocol. */
  readonly upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    this.#withDoor(socket, (door) => door.upgrade(request, socket, head))
  };

  [Symbol.dispose](): void {
    this.#isClosed = true
    void this.#loading?.then((door) => door[Symbol.dispose]())
  }

  #withDoor(socket: Socket, use: (door: WebSocketDoor) => void): void {
    this.#loading ??= this.#load()
    // Until then nothing of it is read.
    this.#loading.then(
      (door) => (this.#isClosed ? socket.destroy() : use(door)),
      (error: unknown) => {
        this.#loading = undefined
        this.#parts.logger.error({ err: error }, 'WebSocket cannot be loaded')
        socket.destroy()
      },
    )
  }

  async #load(): Promise<WebSocketDoor> {
    const { WebSocketDoor } = await import('../server/websocket/web-socket-door.ts')
    const { options, clock, whyShut } = this.#parts
    const { host, websocketOrigins: origins } = options
    const hosts = isLoopback(host) ? loopbackHosts(host) : undefined
    const targetOf = (protocol: WebSocketProtocol): WebSocketTarget | undefined =>
      this.#targets.get(protocol)
    return new WebSocketDoor({ clock, rules: { origins, hosts }, whyShut, targetOf })
  }
}

/** What is within is limited by its protocol besides; of STOMP a frame may be any part. */
function rulesOf(
  protocol: WebSocketProtocol,
  options: BrokerOptions,
): Omit<WebSocketTarget, 'accept'> {
  return protocol === 'mqtt'
    ? {
        takesText: false,
        sendsText: false,
        frameSizeMax: options.mqttMaxPacketSize + webSocketLimits.frameSpareSize,
        isTrusted: false,
      }
    : {
        takesText: true,
        sendsText: options.stompWsFrame === 'text',
        frameSizeMax: Number.MAX_SAFE_INTEGER,
        isTrusted: options.stompImplicitConnect,
      }
}
