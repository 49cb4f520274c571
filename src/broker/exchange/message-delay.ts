import type { RecordSource } from '../../record/message/record-source.ts'

/** Where the messages of one exchange wait until they are due. */
export interface MessageDelay {
  /** Gone with the process. */
  readonly isVolatile: boolean
  /** Messages that wait. */
  readonly messageCount: number
  /**
   * Keeps a message whose headers ask for a delay; its body may already be among the commit's shared
   * ones. Within an atom.
   */
  publish(source: RecordSource, sharedPosition: number): void
  /** The exchange is deleted: what waits goes with it. */
  close(): void
}
