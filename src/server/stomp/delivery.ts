// A delivery that its client has to settle, as `UnackedDeliveries` holds it: it knows the ack mode of its subscription,
// which may be over when the ACK comes.
import type {
  DeliveredFrom,
  DeliveryHolder,
  SettleReason,
} from '../../broker/unacked-deliveries.ts'

export class StompDelivery implements DeliveryHolder {
  readonly #holder: DeliveryHolder
  /** ack:client, where an ACK is for everything before it as well. */
  readonly isCumulative: boolean

  constructor(holder: DeliveryHolder, isCumulative: boolean) {
    this.#holder = holder
    this.isCumulative = isCumulative
  }

  get from(): DeliveredFrom | undefined {
    return this.#holder.from
  }

  get ackTimeoutMs(): number {
    return this.#holder.ackTimeoutMs
  }

  settle(offset: number, reason: SettleReason): void {
    this.#holder.settle(offset, reason)
  }
}
