// The socket in the data folder, for commands on this machine: the management API without a login, as only
// the owner of the folder can reach it. A broker that cannot have one works without.
import { ownerCaller } from '../admin/api/caller.ts'
import { type HttpServerOptions, openHttpServer } from '../admin/http-server.ts'
import type { Doors } from './doors.ts'
import { managementOf } from './management-parts.ts'
import type { ProtocolParts } from './protocol-server.ts'

export function openLocal(
  folder: string,
  parts: ProtocolParts,
  openLocalListener: Doors['openLocalListener'],
): Promise<AsyncDisposable> {
  const { clients, logger, status, metrics } = parts
  const management = managementOf(parts)
  const shown = { source: { status }, management, metrics: metrics.source }
  return openLocalWith({ folder, clients, logger, openLocalListener }, shown)
}

export interface LocalParts extends Pick<ProtocolParts, 'clients' | 'logger'> {
  readonly folder: string
  readonly openLocalListener: Doors['openLocalListener']
}

/** Shows what it is told to. */
export async function openLocalWith(
  { folder, clients, logger, openLocalListener }: LocalParts,
  shown: Pick<HttpServerOptions, 'source' | 'management' | 'metrics' | 'loadRoutes'>,
): Promise<AsyncDisposable> {
  const server = openHttpServer({
    ...shown,
    clients,
    anonymousFrom: () => ownerCaller.principal,
    isOwner: true,
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
