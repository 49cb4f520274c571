// What somebody wants made: a topic, or a part of one.
import type { FieldTable } from '../../record/message/field-table.ts'

export interface TopicAsked {
  readonly name: string
  readonly partitionCount: number
  readonly configs: Readonly<Record<string, string>>
  readonly isProvisional: boolean
  readonly arguments?: FieldTable
  /** Over how many cells its partitions are spread; left out: all are here. */
  readonly spread?: number | undefined
}

/** What a cell is to have of a topic that another one keeps. */
export interface PartAsked {
  readonly name: string
  readonly topicId: string
  readonly spread: number
  /** Of its partitions; rising, and at least one. */
  readonly numbers: readonly number[]
  readonly configs: Readonly<Record<string, string>>
}
