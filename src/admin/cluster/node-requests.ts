// Requests to the APIs of other nodes: HTTP/1.1 on links between nodes, of which some are kept for the next request.
import { Agent, type ClientRequest, type IncomingMessage, request as ask } from 'node:http'
import type { Socket } from 'node:net'
import { Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { KnownNode } from '../../cluster/directory.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { Asked, Target } from '../api/where.ts'
import { nameOf, NodeGoneError } from './cluster-asker.ts'
import { encodeLinkHead, linkCallerOf, linkHeader, notHereStatus } from './link-head.ts'

/** Resolves when the other side has accepted it as a link for HTTP. */
export type OpenLink = (node: KnownNode) => Promise<Socket>

export class NodeRequests implements Disposable {
  readonly #openLink: OpenLink
  /** By node and incarnation: links to a process that is gone are of no use. */
  readonly #agents = new Map<number, AskedNode>()

  constructor(openLink: OpenLink) {
    this.#openLink = openLink
  }

  /** See `AskNode`. */
  readonly ask = async (
    node: KnownNode,
    target: Target,
    asked: Asked,
  ): Promise<Response | undefined> => {
    const head = {
      target,
      caller: asked.caller && linkCallerOf(asked.caller),
      listed: asked.listed,
    }
    for (;;) {
      const sent = ask({
        agent: this.#agentOf(node),
        method: asked.method,
        path: asked.url,
        host: 'localhost',
        signal: asked.signal,
        headers: {
          ...headersOf(asked),
          [linkHeader]: encodeLinkHead(head),
          // The other side says that it has the cell before it gets what cannot be sent twice.
          ...(isRepeatable(asked) ? {} : { expect: '100-continue' }),
        },
      })
      try {
        return await answerOf(sent, asked)
      } catch (error) {
        if (asked.signal.aborted) throw error
        const { isBegun } = sent as Begun
        const mayBeDone = !isRepeatable(asked) && isBegun === true
        // The other side has closed a link that was idle, just as it was used again.
        if (sent.reusedSocket && !mayBeDone) continue
        const { message } = error as Error
        const doubt = mayBeDone ? ', so whether it was done is not known' : ''
        throw new NodeGoneError(
          `node ${node.name}, which has ${nameOf(target)}, went away${doubt}: ${message}`,
          mayBeDone,
        )
      }
    }
  };

  [Symbol.dispose](): void {
    for (const { agent } of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  #agentOf(node: KnownNode): LinkAgent {
    const known = this.#agents.get(node.node)
    if (known?.node.incarnation === node.incarnation) {
      // It may have said only now where it is reached.
      known.node = node
      return known.agent
    }
    known?.agent.destroy()
    const asked: AskedNode = { node, agent: new LinkAgent(() => this.#openLink(asked.node)) }
    this.#agents.set(node.node, asked)
    return asked.agent
  }
}

/** A node as it was seen last. */
interface AskedNode {
  node: KnownNode
  readonly agent: LinkAgent
}

/** Its request has been sent whole or in part, beyond its head. */
interface Begun {
  isBegun?: boolean
}

class LinkAgent extends Agent {
  readonly #open: () => Promise<Socket>

  constructor(open: () => Promise<Socket>) {
    super({
      keepAlive: true,
      maxFreeSockets: clusterHttpLimits.idleLinksMax,
    })
    this.#open = open
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    void this.#connect(callback ?? (() => undefined))
    return undefined
  }

  async #connect(done: (error: Error | null, stream: Duplex) => void): Promise<void> {
    let link: Socket
    try {
      link = await this.#open()
    } catch (error) {
      done(error as Error, undefined as never)
      return
    }
    done(null, link)
  }
}

/** Asking twice does no harm. */
function isRepeatable({ method }: Asked): boolean {
  return method === 'GET' || method === 'HEAD'
}

function bodyOf({ body }: Asked): Readable | Buffer | undefined {
  if (body === undefined || body === null) return undefined
  return typeof body === 'string' ? Buffer.from(body) : Readable.fromWeb(body as never)
}

/** Of this connection only, or said anew. */
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'host',
  'cookie',
  linkHeader,
])

function headersOf({ headers, caller, body }: Asked): Record<string, string> {
  const kept: Record<string, string> = {}
  const given = headers instanceof Headers ? headers.entries() : Object.entries(headers)
  for (const [name, value] of given) {
    if (ownHeaders.has(name.toLowerCase())) continue
    // A password has been checked; a token says what it permits.
    if (name === 'authorization' && caller?.login.kind !== 'token') continue
    kept[name] = value
  }
  if (typeof body === 'string') {
    delete kept['transfer-encoding']
    kept['content-length'] = `${Buffer.byteLength(body)}`
  } else if (body === undefined || body === null) {
    delete kept['transfer-encoding']
    kept['content-length'] = '0'
  }
  return kept
}

async function answerOf(sent: ClientRequest, asked: Asked): Promise<Response | undefined> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', reject)
  })
  if (isRepeatable(asked)) sent.end()
  else {
    sent.flushHeaders()
    sent.once('continue', () => {
      ;(sent as Begun).isBegun = true
      // Not before: a stream that somebody has begun to read cannot be sent again.
      const body = bodyOf(asked)
      if (body instanceof Readable) {
        // What goes wrong is an error of the request, too.
        pipeline(body, sent).catch((error: Error) => sent.destroy(error))
      } else sent.end(body)
    })
  }
  const incoming = await answered
  if (incoming.statusCode === notHereStatus) {
    incoming.resume()
    sent.end()
    return undefined
  }
  return toResponse(incoming, asked.method)
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const { statusCode: status = 500 } = incoming
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headersDistinct)) {
    if (ownHeaders.has(name) || name === 'transfer-encoding' || name === 'date') continue
    for (const each of value ?? []) headers.append(name, each)
  }
  const isEmpty =
    method === 'HEAD' ||
    status === 204 ||
    status === 304 ||
    incoming.headers['content-length'] === '0'
  if (isEmpty) {
    incoming.resume()
    return new Response(null, { status, headers })
  }
  // A link that breaks in the middle is an answer that breaks off, and no short one.
  const body = Readable.toWeb(incoming) as ReadableStream<Uint8Array>
  return new Response(body, { status, headers })
}
