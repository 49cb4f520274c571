import type { ManagementParts } from '../answers.ts'

/** Of the RabbitMQ that Pabal says it is. */
export function rabbitVersionOf({
  origin,
  source,
}: Pick<ManagementParts, 'origin' | 'source'>): string {
  return origin?.rabbitVersion ?? source.status().version
}
