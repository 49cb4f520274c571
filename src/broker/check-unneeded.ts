import { queueNotEmpty, queueResource, resourceInUse } from './broker-error.ts'
import type { Destination } from './destination.ts'

/** What a client wants to be sure of before a queue is deleted. */
export interface DeleteCondition {
  readonly ifUnused: boolean
  readonly ifEmpty: boolean
}

/** Throws `precondition_failed` when the queue has consumers, or messages that are not unacked. */
export function checkUnneeded(
  { vhost, name, consumerCount, messageCount, unackedCount }: Destination,
  { ifUnused, ifEmpty }: DeleteCondition,
): void {
  if (ifUnused && consumerCount > 0) throw resourceInUse(queueResource(vhost, name))
  if (ifEmpty && messageCount > unackedCount) throw queueNotEmpty(vhost, name)
}
