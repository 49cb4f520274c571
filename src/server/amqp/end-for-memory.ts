import type { Logger } from '../../lib/logger.ts'
import { makeReply, type Reply } from './reply.ts'

interface EndedConnection {
  readonly context: { readonly logger: Logger }
  readonly remoteAddress: string
  closeForReply(reply: Reply): void
}

/** Others need the memory that its messages take. */
export function endForMemory(connection: EndedConnection): void {
  const { context, remoteAddress: remote } = connection
  context.logger.warn({ remote }, 'Connection closed: it holds much of the memory')
  const text = 'memory is low, and much of it is held by unfinished messages of this connection'
  connection.closeForReply(makeReply('resource_error', text))
}
