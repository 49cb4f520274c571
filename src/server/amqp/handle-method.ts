// Which code handles which method of a channel.
import type { AmqpMethod } from '../../codec/amqp/methods.gen.ts'
import * as amqp from '../../codec/amqp/methods.gen.ts'
import { handleBasicMethod } from './basic-methods.ts'
import type { Channel } from './channel.ts'
import { checkMode } from './check-mode.ts'
import { Confirms } from './confirms.ts'
import { handleExchangeMethod } from './exchange-methods.ts'
import { handleQueueMethod } from './queue-methods.ts'
import { ProtocolError, unexpectedMethod } from './reply.ts'
import { handleTransactionMethod } from './transaction-methods.ts'

/** Handles any method but basic.publish. Throws what `reply.ts` knows. */
export function handleMethod(channel: Channel, method: AmqpMethod): void {
  switch (method.id >>> 16) {
    case amqp.CLASS_CHANNEL:
      handleChannelMethod(channel, method)
      return
    case amqp.CLASS_ACCESS:
      channel.send({ id: amqp.ACCESS_REQUEST_OK, ticket: 1 })
      return
    case amqp.CLASS_EXCHANGE:
      handleExchangeMethod(channel, method)
      return
    case amqp.CLASS_QUEUE:
      handleQueueMethod(channel, method)
      return
    case amqp.CLASS_BASIC:
      handleBasicMethod(channel, method)
      return
    case amqp.CLASS_CONFIRM:
      handleConfirmMethod(channel, method)
      return
    case amqp.CLASS_TX:
      handleTransactionMethod(channel, method)
      return
    default:
      throw unexpectedMethod()
  }
}

function handleChannelMethod(channel: Channel, method: AmqpMethod): void {
  switch (method.id) {
    case amqp.CHANNEL_OPEN:
      throw new ProtocolError('channel_error', "second 'channel.open' seen")
    case amqp.CHANNEL_FLOW:
      if (!method.active) throw new ProtocolError('not_implemented', 'active=false')
      channel.send({ id: amqp.CHANNEL_FLOW_OK, active: true })
      return
    case amqp.CHANNEL_FLOW_OK:
    case amqp.CHANNEL_CLOSE_OK:
      return
    case amqp.CHANNEL_CLOSE:
      closeChannel(channel)
      return
    default:
      throw unexpectedMethod()
  }
}

/** What was published before is published first, also when publishers are blocked. */
function closeChannel(channel: Channel): void {
  channel.publisher.intake.whenIdle(() => {
    channel.release()
    channel.connection.send(channel.number, { id: amqp.CHANNEL_CLOSE_OK })
    channel.connection.forgetChannel(channel)
  })
}

function handleConfirmMethod(channel: Channel, method: AmqpMethod): void {
  if (method.id !== amqp.CONFIRM_SELECT) throw unexpectedMethod()
  checkMode(channel.transaction !== undefined, 'tx', 'confirm')
  channel.publisher.confirms ??= new Confirms()
  if (!method.noWait) channel.send({ id: amqp.CONFIRM_SELECT_OK })
}
