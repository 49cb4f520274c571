// Why a broker closed a channel or a connection, as its client is told.
import { replyText, type ServerClose } from '../support/amqp-session.ts'

export function describeClose(error: Error): string {
  const { code } = error as Partial<ServerClose>
  return `${code === undefined ? '' : `${code} `}${replyText(error)}`
}
