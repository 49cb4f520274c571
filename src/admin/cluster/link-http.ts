// Serves the APIs of this node and of its cells to other nodes, on links that have shown whose they are.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { AccessControl } from '../../auth/access-control.ts'
import type { Principal } from '../../auth/principal.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { type Caller, callerOf, ownerCaller } from '../api/caller.ts'
import type { Target } from '../api/where.ts'
import { type HttpLogin, readLogin } from '../callers.ts'
import type { ApiHere } from './cluster-asker.ts'
import {
  decodeLinkHead,
  type LinkHead,
  linkHeader,
  notHereStatus,
  principalOf,
} from './link-head.ts'

export interface LinkHttpParts {
  readonly access: AccessControl
  /** Undefined for a cell that is not served here. */
  readonly findHere: (target: Target) => ApiHere | undefined
  /** Reads again what a token permits. */
  readonly authenticate: (login: HttpLogin, address: string) => Promise<Principal | undefined>
  /** A request failed through no fault of its client's. */
  readonly onFault: (error: Error) => void
}

export interface LinkHttp {
  /** Serves a link of which the preface has been read. */
  readonly accept: (link: Duplex) => void
  readonly close: () => Promise<void>
}

export function serveLinkHttp(parts: LinkHttpParts): LinkHttp {
  const links = new Set<Duplex>()
  const server = createServer({
    // Other nodes have their own limits for how long a client may take.
    requestTimeout: 0,
    maxHeaderSize: 2 * clusterHttpLimits.linkHeaderSizeMax,
    // Whoever asks closes it earlier, so that no request meets a link that is being closed.
    keepAliveTimeout: 2 * clusterHttpLimits.idleLinkMs,
  })
  const answer = answererOf(parts)
  const isHere = ({ target }: LinkHead): boolean => {
    try {
      return parts.findHere(target) !== undefined
    } catch {
      // Whoever answers tells what is wrong.
      return true
    }
  }
  server.on('request', answer)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const head = headOf(request)
    if (head !== undefined && !isHere(head)) refuse(response)
    else {
      response.writeContinue()
      answer(request, response)
    }
  })
  return {
    accept(link) {
      links.add(link)
      link.once('close', () => links.delete(link))
      server.emit('connection', link)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const link of links) link.destroy()
      }),
  }
}

function answererOf(parts: LinkHttpParts): RequestListener {
  return (request, response) => {
    const head = headOf(request)
    if (head === undefined) {
      response.writeHead(400).end('no such head of a link')
      return
    }
    answerBy(head, { request, response, parts }).catch((error: unknown) => {
      parts.onFault(error as Error)
      response.destroy()
    })
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly parts: LinkHttpParts
}

async function answerBy(head: LinkHead, { request, response, parts }: Exchange): Promise<void> {
  const here = parts.findHere(head.target)
  if (here === undefined) {
    refuse(response)
    return
  }
  const caller = await findLinkCaller(head, request, parts)
  const { url = '/', socket } = request
  const listener = getRequestListener(
    (asked) => here(asked, { incoming: { url, socket }, caller, listed: head.listed }),
    { hostname: 'localhost' },
  )
  await listener(request, response)
}

async function findLinkCaller(
  { caller }: LinkHead,
  { headers }: IncomingMessage,
  { access, authenticate }: LinkHttpParts,
): Promise<Caller | undefined> {
  if (caller === undefined) return undefined
  const { login: kind } = caller
  if (kind === 'owner') return ownerCaller
  if (kind !== 'token') return callerOf(principalOf(caller), access, { kind })
  const login = readLogin(headers.authorization ?? '')
  const principal = login && (await authenticate(login, caller.address))
  const token = principal?.token
  // It may have ended on its way; without a caller the answer is 401.
  if (principal === undefined || token === undefined) return undefined
  return callerOf(principal, access, { kind, endsAt: () => token.expiresAt })
}

function headOf({ headers }: IncomingMessage): LinkHead | undefined {
  const text = headers[linkHeader]
  return typeof text === 'string' ? decodeLinkHead(text) : undefined
}

/** Nothing of the body has been read: the other side has not sent it. */
function refuse(response: ServerResponse): void {
  response.writeHead(notHereStatus).end()
}
