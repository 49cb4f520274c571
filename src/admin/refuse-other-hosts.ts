import type { MiddlewareHandler } from 'hono'
import { isOwnHost } from '../lib/own-hosts.ts'

/** A request without a host is one of HTTP/1.0, which no browser sends. */
export function refuseOtherHosts(hosts: ReadonlySet<string>): MiddlewareHandler {
  const reason = 'Ask for localhost; for other names start the broker with --host and a --user'
  return async (context, next) => {
    const host = context.req.header('host')
    if (host === undefined || isOwnHost(host, hosts)) return next()
    return context.json({ error: 'misdirected_request', reason }, 421)
  }
}
