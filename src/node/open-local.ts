// The socket in the data folder, for commands on this machine: the management API without a login, as only
// the owner of the folder can reach it. A broker that cannot have one works without.
import { openHttpServer } from '../admin/http-server.ts'
import type { Principal } from '../auth/principal.ts'
import { AccessKeeper } from '../broker/access-keeper.ts'
import type { Doors } from './doors.ts'
import type { ProtocolParts } from './protocol-server.ts'

const owner: Principal = {
  protocol: 'HTTP',
  address: '',
  user: 'owner of the data folder',
  tags: ['administrator'],
}

export async function openLocal(
  folder: string,
  { cell, clients, options, logger, status }: ProtocolParts,
  openLocalListener: Doors['openLocalListener'],
): Promise<AsyncDisposable> {
  const { broker } = cell
  const keeper = new AccessKeeper({ broker, clients, settingsVHosts: options.vhosts })
  const origin = { rabbitVersion: options.productVersion, clusterName: cell.clusterId }
  const server = openHttpServer({
    source: { status },
    clients,
    anonymousFrom: () => owner,
    management: { broker, keeper, origin, logger },
    onFault: (error) => logger.error({ err: error }, 'Unexpected error in an HTTP request'),
  })
  const stack = new AsyncDisposableStack()
  stack.defer(() => server.close())
  try {
    const listener = await openLocalListener({
      folder,
      onSocket: server.accept,
      onAcceptProblem: (reason) =>
        logger.warn(`A connection to the local socket failed: ${reason}`),
    })
    stack.defer(() => listener.close())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger.warn(
      `There is no local socket in ${folder}, so "pabal policy" and its like cannot reach this broker: ${reason}`,
    )
  }
  return stack
}
