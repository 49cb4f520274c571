// What a user's rights in the virtual host of Kafka's topics say of each of Kafka's operations
// (docs/permissions.md). An administrator may do all of it besides.
import { authLimits } from '../limits/auth.ts'
import type { Operation, Rights } from './rights.ts'

/** `describe` is to see that it is there: any right allows it, as it does a passive declaration in AMQP. */
export type TopicRight = Operation | 'describe'

/** Nothing is written to a group. */
export type GroupRight = 'read' | 'configure' | 'describe'

/** Which rights will do, any one of them. */
const describing = {
  topic: ['read', 'write', 'configure'],
  group: ['read', 'configure'],
} as const satisfies Readonly<Record<'topic' | 'group', readonly Operation[]>>

/** Of the rights that `right` asks for, the first that `rights` has; undefined when it has none. */
export function rightForTopic(
  rights: Rights,
  right: TopicRight,
  name: string,
): Operation | undefined {
  // Nothing has so long a name, and a pattern takes its time for each byte of it.
  if (name.length > authLimits.nameSizeMax && !rights.isUnrestricted) return undefined
  const enough = right === 'describe' ? describing.topic : [right]
  return enough.find((operation) => rights.may(operation, name))
}

/** As `rightForTopic`, of a consumer group. */
export function rightForGroup(
  rights: Rights,
  right: GroupRight,
  name: string,
): Operation | undefined {
  const enough = right === 'describe' ? describing.group : [right]
  return enough.find((operation) => rights.may(operation, name))
}
