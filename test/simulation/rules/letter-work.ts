// What the clients of queues with rules do. Each function is one connection's work.
import type { AmqpLife } from '../amqp/amqp-protocol.ts'
import type { LetterPlan } from './letter.ts'
import { type RuleQueue, ruleTimes } from './rule-plan.ts'
import type { RuleWorld } from './rule-world.ts'

/** Queues whose messages may have a time to live of their own: where they go then they end. */
const fleeting: ReadonlySet<string> = new Set(['rules-plain', 'rules-fleeting', 'rules-due'])

export async function publishLetters(life: AmqpLife, rules: RuleWorld): Promise<void> {
  const { name, connection, draw, world } = life
  const session = await rules.open(name, connection)
  const entries = rules.plan.queues.filter(({ isEntry }) => isEntry)
  if (entries.length === 0) return
  for (let left = draw.between(3, 30); left > 0 && !world.isWindingDown; left--) {
    for (let burst = draw.between(1, 5); burst > 0; burst--) {
      session.publish(drawLetter(life, rules, draw.oneOf(entries)))
    }
    if (draw.chance(0.1)) await session.sync()
    await life.step()
    session.check()
  }
  await world.until(() => session.unconfirmedCount === 0 || session.isGone)
  session.check()
}

/** Consumes from one queue and settles in all ways there are. */
export async function consumeLetters(life: AmqpLife, rules: RuleWorld): Promise<void> {
  const { name, connection, draw, world } = life
  const session = await rules.open(name, connection)
  const queue = pickConsumed(life, rules)
  if (queue === undefined) return
  await session.consume(queue, draw.oneOf([1, 3, 20]))
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    await life.step()
    session.check()
    for (const tag of session.unacked.keys()) {
      if (draw.chance(0.5)) session.settle(tag, drawDeed(life))
    }
    if (draw.chance(0.2)) await session.sync()
  }
  if (draw.chance(0.5)) await session.close()
}

/** Gets messages one by one. */
export async function getLetters(life: AmqpLife, rules: RuleWorld): Promise<void> {
  const { name, connection, draw, world } = life
  const session = await rules.open(name, connection)
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    const queue = pickConsumed(life, rules)
    if (queue === undefined) return
    const tag = await session.get(queue)
    if (tag !== undefined && draw.chance(0.9)) session.settle(tag, drawDeed(life))
    await life.step()
  }
}

function pickConsumed({ draw }: AmqpLife, { plan }: RuleWorld): RuleQueue | undefined {
  const consumed = plan.queues.filter(({ isConsumed }) => isConsumed)
  return consumed.length === 0 ? undefined : draw.oneOf(consumed)
}

function drawDeed({ draw }: AmqpLife): 'ack' | 'reject' | 'requeue' {
  return draw.weighted({ ack: 2, reject: 3, requeue: 2 }) ?? 'ack'
}

function drawLetter(
  { draw, world }: AmqpLife,
  { letters }: RuleWorld,
  queue: RuleQueue,
): LetterPlan {
  const { delayMsMax, ttlMsMax } = ruleTimes
  const { highestPriority } = queue
  const isFleeting = fleeting.has(queue.name) && draw.chance(0.3)
  return {
    id: letters.newId(),
    queue,
    size: draw.small(world.plan.bodySizeMax),
    ...(highestPriority !== undefined && { priority: draw.between(0, highestPriority) }),
    ...(isFleeting && { expirationMs: draw.between(1, ttlMsMax) }),
    ...(queue.isDelayed === true && { delayMs: draw.between(0, delayMsMax) }),
  }
}
