import { preconditionFailed } from '../../broker/broker-error.ts'
import {
  type AmqpMethod,
  TX_COMMIT,
  TX_ROLLBACK,
  TX_ROLLBACK_OK,
  TX_SELECT,
  TX_SELECT_OK,
} from '../../codec/amqp/methods.gen.ts'
import type { Channel } from './channel.ts'
import { checkMode } from './check-mode.ts'
import { unexpectedMethod } from './reply.ts'
import { ChannelTransaction } from './transaction.ts'

/** tx.select, commit and rollback. */
export function handleTransactionMethod(channel: Channel, method: AmqpMethod): void {
  switch (method.id) {
    case TX_SELECT:
      checkMode(channel.publisher.confirms !== undefined, 'confirm', 'tx')
      channel.transaction ??= new ChannelTransaction(channel)
      channel.send({ id: TX_SELECT_OK })
      return
    case TX_COMMIT:
      transactionOf(channel).commit()
      return
    case TX_ROLLBACK:
      transactionOf(channel).rollback()
      channel.send({ id: TX_ROLLBACK_OK })
      return
    default:
      throw unexpectedMethod()
  }
}

function transactionOf(channel: Channel): ChannelTransaction {
  if (channel.transaction === undefined) throw preconditionFailed('channel is not transactional')
  return channel.transaction
}
