// Connections that the broker ends by itself, for what their clients do not do.
import type { Socket } from 'node:net'
import type { Logger } from '../../lib/logger.ts'
import { makeReply, type Reply } from './reply.ts'

interface EndedConnection {
  readonly context: { readonly logger: Logger }
  readonly remoteAddress: string
  readonly socket: Socket
  closeForReply(reply: Reply): void
  destroy(): void
}

/** The client reads nothing, whatever it writes: what it has unacked goes to others. */
export function endDeaf(connection: EndedConnection): void {
  const { context, remoteAddress: remote, socket } = connection
  context.logger.warn({ remote }, 'Connection closed: its client reads nothing of what it is sent')
  if (!('encrypted' in socket)) socket.resetAndDestroy()
  connection.destroy()
}

/** Others need the memory that its messages take. */
export function endForMemory(connection: EndedConnection): void {
  const { context, remoteAddress: remote } = connection
  context.logger.warn({ remote }, 'Connection closed: it holds much of the memory')
  const text = 'memory is low, and much of it is held by unfinished messages of this connection'
  connection.closeForReply(makeReply('resource_error', text))
}
