import type { AccessControl } from '../auth/access-control.ts'
import type { Ticket } from '../log/ticket.ts'
import type { AccessChange } from '../meta/access-rows.ts'

/** Who exists and who may do what, for several brokers. */
export interface SharedAccess {
  readonly control: AccessControl
  /** Makes changes durable that are in force already. */
  write(changes: readonly AccessChange[]): Ticket | undefined
}
