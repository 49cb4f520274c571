// Clients of protocols that RabbitMQ has and Pabal has not would report what they do not understand as
// a broken connection: they are told in a handshake of their own.
import { Amqp10Handshake, isAmqp10Header } from './amqp10-handshake.ts'
import type { ForeignHandshake } from './foreign-handshake.ts'
import { isStreamFrame, StreamHandshake } from './stream-handshake.ts'

/** By the first eight bytes of a connection, which it takes first; undefined for any other client. */
export function findForeignHandshake(bytes: Buffer): ForeignHandshake | undefined {
  if (isAmqp10Header(bytes)) return new Amqp10Handshake()
  return isStreamFrame(bytes) ? new StreamHandshake() : undefined
}
