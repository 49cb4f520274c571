import { declareExchange } from '../../broker/declare-exchange.ts'
import { checkDeletable, checkNotDefault, stripName } from '../../broker/exchange/check-name.ts'
import { permitAny, permitBinding, permitConfigure } from '../../broker/permit.ts'
import type { Changes } from '../../broker/vhost.ts'
import {
  type AmqpMethod,
  EXCHANGE_BIND,
  EXCHANGE_BIND_OK,
  EXCHANGE_DECLARE,
  EXCHANGE_DECLARE_OK,
  EXCHANGE_DELETE,
  EXCHANGE_DELETE_OK,
  EXCHANGE_UNBIND,
  EXCHANGE_UNBIND_OK,
  type ExchangeBind,
  type ExchangeDeclare,
  type ExchangeDelete,
  type ExchangeUnbind,
} from '../../codec/amqp/methods.gen.ts'
import type { Channel } from './channel.ts'
import { unexpectedMethod } from './reply.ts'

/** exchange.declare, delete, bind and unbind. */
export function handleExchangeMethod(channel: Channel, method: AmqpMethod): void {
  switch (method.id) {
    case EXCHANGE_DECLARE:
      answer(channel, method, declare(channel, method), { id: EXCHANGE_DECLARE_OK })
      return
    case EXCHANGE_DELETE:
      answer(channel, method, remove(channel, method), { id: EXCHANGE_DELETE_OK })
      return
    case EXCHANGE_BIND:
      answer(channel, method, bind(channel, method), { id: EXCHANGE_BIND_OK })
      return
    case EXCHANGE_UNBIND:
      answer(channel, method, unbind(channel, method), { id: EXCHANGE_UNBIND_OK })
      return
    default:
      throw unexpectedMethod()
  }
}

/** Writes the changes and answers when they are durable. */
export function answer(
  channel: Channel,
  { noWait }: { readonly noWait: boolean },
  changes: Changes,
  reply: AmqpMethod,
): void {
  const ticket = channel.connection.context.broker.topology.write(changes)
  channel.replyWhenDurable(ticket, noWait ? undefined : reply)
}

function declare(channel: Channel, method: ExchangeDeclare): Changes {
  const { vhost, connection } = channel
  if (method.passive) {
    const name = stripName(method.exchange)
    checkNotDefault(name)
    permitAny(connection.rights, { kind: 'exchange', name })
    vhost.inspectExchange(name)
    return []
  }
  const declaration = {
    name: method.exchange,
    type: method.type,
    durable: method.durable,
    autoDelete: method.autoDelete,
    internal: method.internal,
    arguments: method.arguments,
  }
  const { inert } = connection.context.broker
  return declareExchange(inert, vhost, declaration, connection.rights)
}

function remove(channel: Channel, method: ExchangeDelete): Changes {
  const name = stripName(method.exchange)
  checkDeletable(channel.vhost.name, name)
  permitConfigure(channel.connection.rights, 'delete', { kind: 'exchange', name })
  return channel.vhost.deleteExchange(method.exchange, { ifUnused: method.ifUnused })
}

function bind(channel: Channel, method: ExchangeBind): Changes {
  const { destination, source, routingKey } = method
  permitExchangeBinding(channel, method)
  return channel.vhost.bindExchange(destination, source, routingKey, method.arguments)
}

function unbind(channel: Channel, method: ExchangeUnbind): Changes {
  const { destination, source, routingKey } = method
  permitExchangeBinding(channel, method)
  return channel.vhost.unbindExchange(destination, source, routingKey, method.arguments)
}

function permitExchangeBinding(
  { connection, vhost }: Channel,
  { source, destination, routingKey }: ExchangeBind | ExchangeUnbind,
): void {
  permitBinding(connection.rights, vhost, {
    source,
    destination: { kind: 'exchange', name: destination },
    routingKey,
  })
}
