import { inertArguments } from '../../broker/inert-settings.ts'
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
  if (method.passive) {
    channel.vhost.inspectExchange(method.exchange)
    return []
  }
  const { vhost } = channel
  const isNew = vhost.findExchange(method.exchange) === undefined
  const changes = vhost.declareExchange({
    name: method.exchange,
    type: method.type,
    durable: method.durable,
    autoDelete: method.autoDelete,
    internal: method.internal,
    arguments: method.arguments,
  })
  if (isNew) tellInert(channel, method)
  return changes
}

function tellInert(channel: Channel, { exchange: name, arguments: args }: ExchangeDeclare): void {
  const { vhost, connection } = channel
  const settings = inertArguments('exchange', args)
  connection.context.broker.inert.tell({ kind: 'exchange', vhost: vhost.name, name, settings })
}

function remove(channel: Channel, method: ExchangeDelete): Changes {
  return channel.vhost.deleteExchange(method.exchange, { ifUnused: method.ifUnused })
}

function bind(channel: Channel, method: ExchangeBind): Changes {
  const { destination, source, routingKey } = method
  return channel.vhost.bindExchange(destination, source, routingKey, method.arguments)
}

function unbind(channel: Channel, method: ExchangeUnbind): Changes {
  const { destination, source, routingKey } = method
  return channel.vhost.unbindExchange(destination, source, routingKey, method.arguments)
}
