// Whether who declares a queue may have its messages die to where its arguments say.
import type { Rights } from '../auth/rights.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import { nameOf } from '../record/message/name-bytes.ts'
import type { Destination } from './destination.ts'
import { accessRefused, permitSendingOn } from './permit.ts'
import type { VHost } from './vhost.ts'

export interface DeadLettersAsked {
  /** Of the queue. */
  readonly name: string
  readonly rights?: Rights | undefined
  readonly arguments: FieldTable
}

/**
 * Where messages die to is written to, and the queue read for that. What ACLs deny to write is not reached by a death
 * either, by the bindings that are there. Throws `access_refused`.
 */
export function permitDeadLetters(
  vhost: Pick<VHost<Destination>, 'findExchange'>,
  { name, rights, arguments: args }: DeadLettersAsked,
): void {
  const exchange = nameOf(args.get('x-dead-letter-exchange'))
  if (rights === undefined || exchange === undefined) return
  permitSendingOn(rights, { kind: 'queue', name }, exchange)
  if (!rights.denySomewhere('write')) return
  const routingKey = nameOf(args.get('x-dead-letter-routing-key'))
  if (exchange !== '') {
    for (const queue of queuesBehind(vhost, exchange)) permitQueue(rights, queue)
    // By the keys of its messages any queue is reached.
  } else if (routingKey === undefined) {
    throw accessRefused(rights, 'write', { kind: 'exchange', name: exchange })
  } else permitQueue(rights, routingKey)
}

function permitQueue(rights: Rights, name: string): void {
  if (rights.aclVerdict('write', 'topic', name) !== 'deny') return
  throw accessRefused(rights, 'write', { kind: 'queue', name })
}

/** Names of the queues that bindings and alternates lead to, by whatever key. */
function queuesBehind(
  vhost: Pick<VHost<Destination>, 'findExchange'>,
  exchange: string,
): Set<string> {
  const queues = new Set<string>()
  const seen = new Set([exchange])
  for (const name of seen) {
    const found = vhost.findExchange(name)
    if (found?.alternate !== undefined) seen.add(found.alternate)
    for (const { target } of found?.bindings() ?? []) {
      if (target.kind === 'queue') queues.add(target.queue.name)
      else seen.add(target.exchange.name)
    }
  }
  return queues
}
