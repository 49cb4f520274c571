import type { PolicyDefinition } from '../meta/topology-change.ts'
import type { FieldTable } from '../record/message/field-table.ts'

/**
 * How long a delivery may stay unacked in milliseconds, by arguments and policy: of both the lower one.
 * Infinity: for ever. As in RabbitMQ an argument may have any type, and one that is no number asks for
 * nothing.
 */
export function consumerTimeoutOf(args: FieldTable, policy: PolicyDefinition = {}): number {
  const asked = args.get('x-consumer-timeout')?.value
  const { 'consumer-timeout': others } = policy
  return Math.min(numberOr(asked, Infinity), numberOr(others, Infinity))
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && !Number.isNaN(value) ? value : otherwise
}
