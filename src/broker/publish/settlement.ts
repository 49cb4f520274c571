import type { DeliveryHolder, SettleReason } from '../unacked-deliveries.ts'

/** A delivery that ends with a commit. */
export interface Settlement {
  readonly holder: DeliveryHolder
  readonly offset: number
  readonly reason: SettleReason
}
