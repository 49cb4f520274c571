// The HTTP port on a node: health checks for everyone, the rest for those who may log in.
import { openHttpServer } from '../admin/http-server.ts'
import { loopbackHosts } from '../admin/own-hosts.ts'
import type { HttpLogin } from '../admin/routes.ts'
import { isLoopback } from '../lib/loopback.ts'
import { warnIfTls } from '../server/tls-failure.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

export function openHttp({ options, users, clock, logger, status }: ProtocolParts): ProtocolServer {
  const { host } = options
  const authenticate = async (
    { user, password }: HttpLogin,
    remoteAddress: string,
  ): Promise<boolean> => {
    const login = users.login({ user, password: Buffer.from(password) }, remoteAddress)
    if (login.user !== undefined) return true
    if (login.waitMs > 0) await new Promise<void>((go) => void clock.after(login.waitMs, go))
    return false
  }
  const server = openHttpServer({
    source: { status },
    onUnreadable: (bytes, remoteAddress) =>
      void warnIfTls(bytes, { remoteAddress, port: 'HTTP' }, logger),
    // On loopback everyone who reaches the port by its own name may look.
    ...(isLoopback(host) ? { hosts: loopbackHosts(host) } : { authenticate }),
  })
  return {
    connectionCount: 0,
    channelCount: 0,
    acceptorOf: () => server.accept,
    prepare: server.prepare,
    [Symbol.asyncDispose]: server.close,
  }
}
