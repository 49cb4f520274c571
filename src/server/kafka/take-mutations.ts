// Partitions that are made and deleted count for a quota (KIP-599). Clients that know the error are refused once
// it is used up; older ones get what they ask for, and are muted for it.
import { KafkaRefusal } from './error-code.ts'
import type { RequestContext } from './request-context.ts'

/** Throws THROTTLING_QUOTA_EXCEEDED, from version `strictVersion` of the API on. */
export function takeMutations(
  { apiVersion, client }: Pick<RequestContext, 'apiVersion' | 'client'>,
  partitionCount: number,
  strictVersion: number,
): void {
  if (apiVersion < strictVersion) client.throttle.take('mutation', partitionCount)
  else if (!client.throttle.mayMutate(partitionCount)) {
    throw new KafkaRefusal('THROTTLING_QUOTA_EXCEEDED')
  }
}
