// Exchanges of type `x-delayed-message`: each routes as the type that its argument names, and the
// messages that ask for it wait before that.
//
// Source: rabbitmq-delayed-message-exchange 4.2, rabbit_exchange_type_delayed_message.erl.
import type { FieldTable } from '../../record/message/field-table.ts'
import { preconditionFailed } from '../broker-error.ts'

export const delayedType = 'x-delayed-message'
export const delayedTypeArgument = 'x-delayed-type'

/** The type that an exchange routes as. Throws `precondition_failed` when it is delayed and names none. */
export function routingTypeOf(type: string, args: FieldTable): string {
  if (type !== delayedType) return type
  const named = args.findText(delayedTypeArgument)
  if (named === undefined) {
    throw preconditionFailed(
      `Invalid argument, '${delayedTypeArgument}' must be an existing exchange type`,
    )
  }
  if (named === delayedType) {
    throw preconditionFailed(
      `Invalid argument, '${delayedType}' can't be used for '${delayedTypeArgument}'`,
    )
  }
  return named
}
