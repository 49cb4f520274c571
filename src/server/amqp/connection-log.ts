// What the log says of clients that are told to go.
import type { Principal } from '../../auth/principal.ts'
import type { Logger } from '../../lib/logger.ts'
import { makeReply, type Reply, replyTo } from './reply.ts'

interface NamedClient {
  readonly remoteAddress: string
  readonly principal: Principal | undefined
  readonly vhostName: string | undefined
}

/** The reply to an error; a fault of the broker's own goes to the log and is an internal error. */
export function replyOrTell(error: unknown, logger: Logger): Reply {
  const reply = replyTo(error)
  if (reply !== undefined) return reply
  logger.error({ err: error }, 'Unexpected error in an AMQP connection')
  return makeReply('internal_error', 'an unexpected error occurred; the broker log has details')
}

/** Of a connection, or of its channel with this number. */
export function tellClosed(
  client: NamedClient,
  { text: reply }: Reply,
  logger: Logger,
  channel?: number,
): void {
  const { remoteAddress: remote, principal, vhostName: vhost } = client
  const facts = { remote, user: principal?.user, vhost, reply }
  if (channel === undefined) logger.info(facts, 'Connection closed')
  else logger.info({ ...facts, channel }, 'Channel closed')
}
