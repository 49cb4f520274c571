// What settling does with one delivery, in the form that `UnackedDeliveries` calls.
import type { DeliveryHolder, Settle, SettleReason } from './unacked-deliveries.ts'

/** The message is done with. */
export function ack(holder: DeliveryHolder, offset: number): void {
  holder.settle(offset, 'ack')
}

/** The message goes back to its place. */
export function requeue(holder: DeliveryHolder, offset: number): void {
  holder.settle(offset, 'requeue')
}

/** The consumer has failed with the message, or is gone: it goes back to its place. */
export function fail(holder: DeliveryHolder, offset: number): void {
  holder.settle(offset, 'fail')
}

/** The consumer will not have the message. */
function reject(holder: DeliveryHolder, offset: number): void {
  holder.settle(offset, 'reject')
}

export const settlers: Readonly<Record<SettleReason, Settle>> = { ack, requeue, fail, reject }
