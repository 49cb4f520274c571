// Paths as clients wrote them. Names of queues may hold slashes, dots and bytes that are no UTF-8, which a URL
// parser would resolve, decode or give up on.
import { nameFromBytes } from '../../record/message/name-bytes.ts'

/** What Node's server adds to a request. */
interface Bindings {
  readonly incoming?: { readonly url?: string }
}

/**
 * The path of a request as its client wrote it, for a router: a URL parser takes `..` for a step up, which may be
 * the name of a queue.
 */
export function pathAsWritten(request: Request, options?: { readonly env?: unknown }): string {
  const written = (options?.env as Bindings | undefined)?.incoming?.url
  const url =
    written?.startsWith('/') === true ? written : request.url.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  return routedPath(url) ?? '/undecodable'
}

/**
 * The path to match routes with: each part decoded, and only `%` and `/` in it encoded again, which is what
 * a router decodes. Undefined where a part cannot be decoded.
 */
export function routedPath(rawUrl: string): string | undefined {
  const [path = ''] = rawUrl.split(/[?#]/, 1)
  const parts: string[] = []
  for (const part of path.split('/')) {
    const name = decodePart(part)
    if (name === undefined) return undefined
    parts.push(name.replaceAll('%', '%25').replaceAll('/', '%2F'))
  }
  const routed = parts.join('/')
  // As in RabbitMQ, a slash at the end means nothing.
  return routed.length > 1 && routed.endsWith('/') ? routed.slice(0, -1) : routed
}

/** A part of a path as the name that it stands for; undefined where a `%` is not followed by two digits. */
export function decodePart(part: string): string | undefined {
  if (!part.includes('%')) return part
  if (/%(?![0-9a-f]{2})/i.test(part)) return undefined
  const bytes = Buffer.from(part.replaceAll(/%([0-9a-f]{2})|[^\0-\x7f]+/gi, toLatin1), 'latin1')
  return nameFromBytes(bytes)
}

function toLatin1(match: string, digits: string | undefined): string {
  return digits === undefined
    ? Buffer.from(match).toString('latin1')
    : String.fromCharCode(Number.parseInt(digits, 16))
}
