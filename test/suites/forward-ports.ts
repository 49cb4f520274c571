// Forwards ports of this machine to others: where a suite wants a cluster, or a port for each way to log in, there is
// one broker with one port.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

const host = '127.0.0.1'

/** Listens on the keys and connects to their values, until it is disposed of. @throws Error when a port is taken. */
export async function forwardPorts(
  ports: Readonly<Record<string, number>>,
): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>()
  const servers = Object.values(ports).map((to) => createServer((from) => join(from, to, sockets)))
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await Promise.all(servers.map(close))
  }
  try {
    await Promise.all(Object.keys(ports).map((port, n) => listen(servers[n]!, Number(port))))
  } catch (error) {
    await stop()
    throw error
  }
  return { [Symbol.asyncDispose]: stop }
}

function join(from: Socket, port: number, sockets: Set<Socket>): void {
  const to = connect({ host, port, noDelay: true })
  from.setNoDelay(true)
  from.pipe(to)
  to.pipe(from)
  for (const [socket, other] of [
    [from, to],
    [to, from],
  ] as const) {
    sockets.add(socket)
    socket.on('error', () => other.destroy())
    socket.once('close', () => {
      sockets.delete(socket)
      other.end()
    })
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}
