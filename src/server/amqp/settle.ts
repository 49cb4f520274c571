// What settling does with one delivery, in the form that `UnackedDeliveries` calls.
import type { DeliveryHolder } from '../../broker/unacked-deliveries.ts'

/** The message is done with. */
export function ack(holder: DeliveryHolder, offset: number): void {
  holder.unackedCount--
  holder.queue.ack(offset)
  holder.resume()
}

/** The message goes back to its place. */
export function requeue(holder: DeliveryHolder, offset: number): void {
  holder.unackedCount--
  holder.queue.requeue(offset)
  holder.resume()
}
