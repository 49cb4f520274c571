import type { FieldTable } from '../../record/message/field-table.ts'

/** Properties that an exchange may look at, by the names that its arguments have for them. */
export const hashedProperties = ['correlation_id', 'message_id', 'timestamp'] as const

export type HashedProperty = (typeof hashedProperties)[number]

/** What an exchange looks at in a message. */
export interface RoutedMessage {
  /** The publisher's key, and those of the CC and BCC headers. */
  readonly routingKeys: readonly string[]
  /** The topic that it was published to; undefined: the one that its keys stand for. */
  readonly topic?: string | undefined
  /** The session that it is from. */
  readonly origin?: object | undefined
  /** Read only when an exchange takes part that looks at headers. */
  readonly headers: FieldTable | undefined
  /** A property as text. */
  findProperty(name: HashedProperty): string | undefined
}
