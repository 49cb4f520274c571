// How many messages are ready behind one that was just taken, as whoever gets it is told. As in RabbitMQ a message that
// has expired and comes to the head is not counted; a quorum queue counts it.
import { pagePool } from '../../lib/page-pool.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Queue } from './queue.ts'

type CountedQueue = Pick<Queue, 'type' | 'readyCount' | 'ends'>

/** The count. The view of the message that was taken may not be good afterwards. Not within an atom. */
export function countLeft(queue: CountedQueue): number {
  if (looksBehind(queue)) queue.ends.expireHead()
  return queue.readyCount
}

/** Calls `use` with the count, at once; `view`, of the message that was taken, is good meanwhile. Not within an atom. */
export function withLeftCount(
  queue: CountedQueue,
  { buffer, body }: RecordView,
  use: (leftCount: number) => void,
): void {
  if (!looksBehind(queue)) {
    use(queue.readyCount)
    return
  }
  const held = [buffer, body].filter((view) => pagePool.retain(view))
  use(countLeft(queue))
  for (const view of held) pagePool.release(view)
}

/** To look at the next message is another read. */
function looksBehind({ type, ends }: CountedQueue): boolean {
  return type !== 'quorum' && ends.mayExpire
}
