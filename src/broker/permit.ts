// Checks what a user may do, for protocols whose refusals are RabbitMQ's. Each function throws
// `access_refused` in the words of rabbit_access_control.erl. A user who may do everything is asked
// nothing.
import type { ConfigureDetail, Operation, Rights, TopicOperation } from '../auth/rights.ts'
import { BrokerError, exchangeResource, queueResource } from './broker-error.ts'
import type { Destination } from './destination.ts'
import { checkNotDefault, stripName } from './exchange/check-name.ts'
import type { VHost } from './vhost.ts'

/** A queue or an exchange, which need not exist. */
export interface Resource {
  readonly kind: 'queue' | 'exchange'
  readonly name: string
}

export function permit(rights: Rights, operation: Operation, resource: Resource): void {
  if (rights.isUnrestricted || rights.may(operation, resource.name)) return
  throw accessRefused(rights, operation, resource)
}

/** The right to configure, of which ACLs tell apart what exactly is done. */
export function permitConfigure(rights: Rights, detail: ConfigureDetail, resource: Resource): void {
  if (rights.isUnrestricted || rights.may('configure', resource.name, detail)) return
  throw accessRefused(rights, 'configure', resource)
}

/** As RabbitMQ asks for a passive declaration: any right will do, and the last one is what a refusal names. */
export function permitAny(rights: Rights, resource: Resource): void {
  if (rights.mayDescribe(resource.name)) return
  throw accessRefused(rights, 'configure', resource)
}

/** A routing key of `exchange`, which matters only for one of type topic that exists. */
export function permitTopic(
  rights: Rights,
  operation: TopicOperation,
  vhost: VHost<Destination>,
  { exchange, routingKey }: { readonly exchange: string; readonly routingKey: string },
): void {
  if (!rights.restrictsTopics(exchange) || vhost.findExchange(exchange)?.type !== 'topic') return
  if (rights.mayTopic(operation, exchange, routingKey)) return
  const where = exchangeResource(vhost.name, exchange)
  throw new BrokerError(
    'access_refused',
    `${operation} access to topic '${routingKey}' in ${where} refused for user '${rights.place.user}'`,
  )
}

/** A binding leads from an exchange to a queue or another exchange. */
export interface BindingAsked {
  readonly source: string
  readonly destination: Resource
  readonly routingKey: string
}

/** Adding or removing a binding writes to one end and reads from the other. Throws for the default exchange, too. */
export function permitBinding(
  rights: Rights,
  vhost: VHost<Destination>,
  { source, destination, routingKey }: BindingAsked,
): void {
  if (rights.isUnrestricted) return
  const exchange = stripName(source)
  const { kind } = destination
  const name = stripName(destination.name)
  permit(rights, 'write', { kind, name })
  if (kind === 'exchange') checkNotDefault(name)
  checkNotDefault(exchange)
  permit(rights, 'read', { kind: 'exchange', name: exchange })
  permitTopic(rights, 'read', vhost, { exchange, routingKey })
}

/** What is declared sends messages on to `exchange`: it is read for that, and `exchange` is written to. */
export function permitSendingOn(rights: Rights, from: Resource, exchange: string): void {
  permit(rights, 'read', from)
  permit(rights, 'write', { kind: 'exchange', name: exchange })
}

export function accessRefused(
  { place }: Rights,
  operation: Operation,
  { kind, name }: Resource,
): BrokerError {
  const { user, vhost } = place
  const resource =
    kind === 'queue'
      ? queueResource(vhost, name)
      : exchangeResource(vhost, name === '' ? 'amq.default' : name)
  const text = `${operation} access to ${resource} refused for user '${user}'`
  return new BrokerError('access_refused', text)
}
