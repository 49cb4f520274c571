import type { FieldTable } from '../../record/message/field-table.ts'

/** What an exchange looks at in a message. */
export interface RoutedMessage {
  /** The publisher's key, and those of the CC and BCC headers. */
  readonly routingKeys: readonly string[]
  /** Read only when a headers exchange takes part. */
  readonly headers: FieldTable | undefined
}
