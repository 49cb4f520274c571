// What the clients of queues with rules share.
import { type FieldTable, table } from '../../../src/record/message/field-table.ts'
import type { AmqpConnection } from '../amqp/amqp-connection.ts'
import type { World } from '../world.ts'
import { LetterSession } from './letter-session.ts'
import { Letters } from './letters.ts'
import { PolicyStates } from './policy-states.ts'
import {
  allGravesName,
  deadName,
  gravesName,
  laterName,
  type RulePlan,
  type RuleQueue,
} from './rule-plan.ts'

export class RuleWorld {
  readonly world: World
  readonly plan: RulePlan
  readonly letters: Letters
  readonly policies: PolicyStates = new PolicyStates()

  constructor(world: World, plan: RulePlan) {
    this.world = world
    this.plan = plan
    this.letters = new Letters(plan.queues, world.history)
  }

  /** Opens a channel and declares all that messages may come through. Rejects with `Ended`. */
  async open(name: string, connection: AmqpConnection): Promise<LetterSession> {
    const session = await LetterSession.open(name, connection, this)
    await session.declareExchange(gravesName, 'direct')
    await session.declareExchange(allGravesName, 'fanout')
    const delayedType = table({ 'x-delayed-type': 'direct' })
    await session.declareExchange(laterName, 'x-delayed-message', delayedType)
    for (const queue of this.plan.queues) {
      await session.declareQueue(queue.name, argumentsOf(queue))
      await session.bind(queue.name, queue.isDelayed === true ? laterName : gravesName)
    }
    await session.bind(deadName, allGravesName)
    return session
  }
}

export function argumentsOf(queue: RuleQueue): FieldTable {
  const { type, ttlMs, lengthMax, overflow, deliveryLimit, retry, deadLetter } = queue
  const { highestPriority } = queue
  return table({
    'x-queue-type': type,
    ...(highestPriority !== undefined && { 'x-max-priority': highestPriority }),
    ...(ttlMs !== undefined && { 'x-message-ttl': ttlMs }),
    ...(lengthMax !== undefined && { 'x-max-length': lengthMax }),
    ...(overflow !== undefined && { 'x-overflow': overflow }),
    ...(deliveryLimit !== undefined && { 'x-delivery-limit': deliveryLimit }),
    ...(retry !== undefined && {
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': retry.minMs,
      'x-delayed-retry-max': retry.maxMs,
    }),
    ...(deadLetter !== undefined && { 'x-dead-letter-exchange': deadLetter.exchange }),
    ...(deadLetter !== undefined &&
      deadLetter.exchange !== allGravesName && { 'x-dead-letter-routing-key': deadLetter.target }),
  })
}
