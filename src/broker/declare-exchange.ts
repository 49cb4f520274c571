// exchange.declare for whoever has rights: what RabbitMQ checks first is checked first, so that a client is told
// the same of several reasons.
import type { Rights } from '../auth/rights.ts'
import { nameOf } from '../record/message/name-bytes.ts'
import type { Destination } from './destination.ts'
import { checkNewName, checkNotDefault, stripName } from './exchange/check-name.ts'
import { checkExchangeType } from './exchange/create-matcher.ts'
import { delayedType } from './exchange/delayed-type.ts'
import type { ExchangeDeclaration } from './exchange/exchange.ts'
import { inertArguments } from './inert-settings.ts'
import type { InertWatch } from './inert-watch.ts'
import { permitConfigure, permitSendingOn } from './permit.ts'
import type { Changes, VHost } from './vhost.ts'

/**
 * Declares an exchange, or checks that it is there as asked. Throws what `VHost.declareExchange` does, and
 * `access_refused` without the right. The changes are the caller's to write.
 */
export function declareExchange(
  inert: InertWatch,
  vhost: VHost<Destination>,
  declaration: ExchangeDeclaration,
  rights: Rights,
): Changes {
  permitDeclare(vhost, declaration, rights)
  const { name, arguments: args } = declaration
  const isNew = vhost.findExchange(name) === undefined
  const changes = vhost.declareExchange(declaration)
  if (isNew) {
    inert.tell({
      kind: 'exchange',
      vhost: vhost.name,
      name,
      settings: inertArguments('exchange', args),
    })
  }
  return changes
}

function permitDeclare(
  vhost: VHost<Destination>,
  { name: given, type, arguments: args }: ExchangeDeclaration,
  rights: Rights,
): void {
  if (rights.isUnrestricted) return
  if (type !== delayedType) checkExchangeType(type)
  const name = stripName(given)
  checkNotDefault(name)
  permitConfigure(rights, 'create', { kind: 'exchange', name })
  if (vhost.findExchange(name) !== undefined) return
  checkNewName('exchange', name)
  const alternate = nameOf(args.get('alternate-exchange'))
  if (alternate === undefined) return
  permitSendingOn(rights, { kind: 'exchange', name }, alternate)
}
