// The HTTP port on a node: health checks for everyone, the rest for those who may log in.
import type { HttpLogin } from '../admin/callers.ts'
import { type HttpServerOptions, openHttpServer } from '../admin/http-server.ts'
import type { Principal } from '../auth/principal.ts'
import { isLoopback } from '../lib/loopback.ts'
import { loopbackHosts } from '../lib/own-hosts.ts'
import { authLimits } from '../limits/auth.ts'
import { warnIfTls } from '../server/tls-failure.ts'
import { managementOf } from './management-parts.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

export function openHttp(parts: ProtocolParts): ProtocolServer {
  const { status, metrics, statistics } = parts
  const server = openHttpServer({
    ...commonOptions(parts),
    source: { status },
    management: managementOf(parts),
    gate: parts.gate,
    metrics: metrics.source,
  })
  metrics.start()
  return {
    acceptorOf: () => server.accept,
    async prepare() {
      await server.prepare()
      statistics.start()
    },
    [Symbol.asyncDispose]: server.close,
  }
}

/** What the port has on every node, whichever cells that serves. */
export function commonOptions(
  parts: Pick<ProtocolParts, 'options' | 'users' | 'clients' | 'logger' | 'clock' | 'webSockets'>,
): Omit<HttpServerOptions, 'source'> {
  const { options, users, clients, logger, webSockets } = parts
  const { host } = options
  return {
    clients,
    anonymousFrom: (address) => users.anonymousFrom({ protocol: 'HTTP', address }),
    onFault: (error) => logger.error({ err: error }, 'Unexpected error in an HTTP request'),
    onUnreadable: (bytes, remoteAddress) =>
      void warnIfTls(bytes, { remoteAddress, port: 'HTTP' }, logger),
    authenticate: (login, address) => authenticate(login, address, parts),
    onUpgrade: webSockets.upgrade,
    ...(isLoopback(host) && { hosts: loopbackHosts(host) }),
  }
}

/** Whoever is refused is told after a while; undefined for them. */
export async function authenticate(
  asked: HttpLogin,
  address: string,
  { users, clock, logger }: Pick<ProtocolParts, 'users' | 'clock' | 'logger'>,
): Promise<Principal | undefined> {
  const origin = { protocol: 'HTTP', address } as const
  const login =
    'token' in asked
      ? await users.loginByToken(Buffer.from(asked.token), origin)
      : await users.authenticate({ ...asked, password: Buffer.from(asked.password) }, origin)
  if (login.principal === undefined) {
    const { refusal: reason, waitMs } = login
    // The rest of a flood is not told one by one.
    if (waitMs < authLimits.wrongLoginWaitMsMax) {
      logger.warn({ remote: address, reason, waitMs }, 'Login refused')
    }
    if (waitMs > 0) await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
  }
  return login.principal
}
