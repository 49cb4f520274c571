// The end of a connection whose client does not read.
import type { Socket } from 'node:net'
import type { Logger } from '../lib/logger.ts'

interface DeafConnection {
  readonly context: { readonly logger: Logger }
  readonly remoteAddress: string
  readonly socket: Socket
  destroy(): void
}

/** The client reads nothing, whatever it writes: what it has unacked goes to others. */
export function endDeaf(connection: DeafConnection): void {
  const { context, remoteAddress: remote, socket } = connection
  context.logger.warn({ remote }, 'Connection closed: its client reads nothing of what it is sent')
  if (!('encrypted' in socket)) socket.resetAndDestroy()
  connection.destroy()
}
