// Whether a request may become a connection of WebSocket (RFC 6455 4.2), and of what. A page of any host may ask for one,
// with its visitor's rights: the Origin header tells such requests, and what is no browser sends none.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isOwnHost } from '../../lib/own-hosts.ts'
import {
  chooseName,
  offeredNames,
  protocolAt,
  subProtocols,
  type WebSocketProtocol,
} from './sub-protocols.ts'

export interface UpgradeRules {
  /** Pages of other hosts that may ask, as in Origin headers; `*` is all. */
  readonly origins: readonly string[]
  /** The only hosts that requests may be for; undefined: all. */
  readonly hosts?: ReadonlySet<string> | undefined
}

export interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What is agreed on. */
export interface Agreed {
  readonly protocol: WebSocketProtocol
  readonly subProtocol: string | undefined
  /** For Sec-WebSocket-Accept. */
  readonly accept: string
}

/** RFC 6455 1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** `protocol` is that of the port; undefined for one that has both, by path. */
export function judgeUpgrade(
  request: IncomingMessage,
  protocol: WebSocketProtocol | undefined,
  rules: UpgradeRules,
): Agreed | Refusal {
  const problem = whyNoUpgrade(request) ?? whyNotFrom(request, rules)
  return problem ?? agreeOn(request, protocol)
}

function whyNoUpgrade({ method, headers }: IncomingMessage): Refusal | undefined {
  if (method !== 'GET') return { status: 405, text: 'WebSocket begins with GET' }
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return { status: 400, text: 'Only WebSocket is spoken besides HTTP/1.1' }
  }
  if (headers['sec-websocket-version'] !== '13') {
    const text = 'Version 13 of WebSocket is spoken here'
    return { status: 426, text, headers: { 'Sec-WebSocket-Version': '13' } }
  }
  const key = headers['sec-websocket-key']
  return key === undefined || Buffer.from(key, 'base64').length !== 16
    ? { status: 400, text: 'Sec-WebSocket-Key has to be 16 bytes in base64' }
    : undefined
}

function whyNotFrom({ headers }: IncomingMessage, rules: UpgradeRules): Refusal | undefined {
  const { host = '', origin } = headers
  if (rules.hosts !== undefined && !isOwnHost(host, rules.hosts)) {
    return {
      status: 421,
      text: 'Ask for localhost; for other names start the broker with --host and a --user',
    }
  }
  if (origin === undefined || isKnownOrigin(origin, host, rules)) return undefined
  return { status: 403, text: `Pages of ${origin} may not connect; --websocket-origins names some` }
}

function isKnownOrigin(origin: string, host: string, { origins, hosts }: UpgradeRules): boolean {
  const asked = origin.toLowerCase()
  if (origins.some((known) => known === '*' || known.toLowerCase() === asked)) return true
  if (!URL.canParse(asked)) return false
  const { hostname } = new URL(asked)
  if (hostname === '') return false
  return hostname === withoutPort(host) || (hosts?.has(hostname) ?? false)
}

function withoutPort(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '')
}

function agreeOn(
  { url = '/', headers }: IncomingMessage,
  ofPort: WebSocketProtocol | undefined,
): Agreed | Refusal {
  const [path = '/'] = url.split('?', 1)
  const offered = offeredNames(headers['sec-websocket-protocol'])
  const protocol = ofPort ?? protocolAt(path, offered)
  if (
    protocol === undefined ||
    (ofPort !== undefined && !subProtocols[ofPort].paths.includes(path))
  ) {
    return { status: 404, text: 'There is no WebSocket at this path' }
  }
  const rules = subProtocols[protocol]
  const subProtocol = chooseName(offered, rules)
  if (subProtocol === undefined && rules.isRequired) {
    return { status: 400, text: `Sec-WebSocket-Protocol has to name ${rules.names.join(' or ')}` }
  }
  const key = headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1').update(`${key}${guid}`).digest('base64')
  return { protocol, subProtocol, accept }
}
