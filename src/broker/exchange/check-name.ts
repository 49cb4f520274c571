// Rules for the names of exchanges and queues.
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { SHORTSTR_BYTES_MAX } from '../../record/message/wire-writer.ts'
import {
  BrokerError,
  defaultExchangeRefused,
  exchangeResource,
  preconditionFailed,
  reservedName,
} from '../broker-error.ts'

const lineBreaks = /[\r\n]/g

/** The name as the broker knows it: line breaks are dropped. */
export function stripName(name: string): string {
  return name.replace(lineBreaks, '')
}

/** Whether every virtual host has an exchange of this name: nobody declares or deletes it. */
export function isPredeclared(exchange: string): boolean {
  return exchange === '' || exchange.startsWith('amq.')
}

/**
 * Throws `access_refused` when a new exchange or queue would be named `amq.…`, `precondition_failed` for a name that
 * AMQP cannot say: other protocols have longer ones, and what is stored has AMQP's form.
 */
export function checkNewName(kind: 'queue' | 'exchange', name: string): void {
  if (name.startsWith('amq.')) throw reservedName(kind, name)
  checkLength(`name of a new ${kind}`, name)
}

/** Throws `precondition_failed` for the routing key of a binding that AMQP cannot say. */
export function checkBindingKey(key: string): void {
  checkLength('routing key', key)
}

function checkLength(what: string, name: string): void {
  if (name.length <= SHORTSTR_BYTES_MAX / 3) return
  const size = Buffer.byteLength(bytesOfName(name))
  if (size > SHORTSTR_BYTES_MAX) {
    throw preconditionFailed(`${what} of ${size} bytes: at most ${SHORTSTR_BYTES_MAX} are allowed`)
  }
}

/** Throws `access_refused` for the default exchange, which nobody declares, binds or deletes. */
export function checkNotDefault(exchange: string): void {
  if (exchange === '') throw defaultExchangeRefused()
}

/** Throws `access_refused` for the default exchange and for `amq.…`, existing or not. */
export function checkDeletable(vhost: string, exchange: string): void {
  checkNotDefault(exchange)
  if (exchange.startsWith('amq.')) {
    throw new BrokerError(
      'access_refused',
      `deletion of system ${exchangeResource(vhost, exchange)} not allowed`,
    )
  }
}
