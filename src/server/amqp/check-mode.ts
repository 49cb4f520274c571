import { preconditionFailed } from '../../broker/broker-error.ts'

/** Throws `precondition_failed` with RabbitMQ's words for mixing confirms and transactions. */
export function checkMode(isOther: boolean, from: string, to: string): void {
  if (isOther) throw preconditionFailed(`cannot switch from ${from} to ${to} mode`)
}
