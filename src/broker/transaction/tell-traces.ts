// Tells traces what becomes of the records of a transaction in a partition.
import type { Topics } from '../topic/topics.ts'
import type { MessageWatch } from '../trace/message-watch.ts'
import type { TransactionCellOptions } from './transaction-cell.ts'

/** To be called before it ends there. */
export function tellTraces(
  watch: MessageWatch,
  topics: Topics,
): NonNullable<TransactionCellOptions['onEnding']> {
  return ({ topic }, { log, transactions }, { producerId, isCommit }) => {
    const { observer } = watch
    const stream = observer && topics.find(topic)?.source
    const ranges = stream && transactions?.find(producerId)?.ranges
    if (stream !== undefined && ranges !== undefined) {
      observer?.onDecided({ stream, log }, ranges, isCommit)
    }
  }
}
