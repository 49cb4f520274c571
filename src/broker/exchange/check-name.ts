// Rules for the names of exchanges and queues.
import {
  BrokerError,
  defaultExchangeRefused,
  exchangeResource,
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

/** Throws `access_refused` when a new exchange or queue would be named `amq.…`. */
export function checkNewName(kind: 'queue' | 'exchange', name: string): void {
  if (name.startsWith('amq.')) throw reservedName(kind, name)
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
