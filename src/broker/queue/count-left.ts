// How many messages are ready behind one that was just taken, as whoever gets it is told. As in RabbitMQ a message that
// has expired and comes to the head is not counted; a quorum queue counts it.
import { pagePool } from '../../lib/page-pool.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Queue } from './queue.ts'

/** Calls `use` with the count, at once; `view`, of the message that was taken, is good meanwhile. Not within an atom. */
export function withLeftCount(
  queue: Pick<Queue, 'type' | 'readyCount' | 'ends'>,
  { buffer, body }: RecordView,
  use: (leftCount: number) => void,
): void {
  if (queue.type === 'quorum' || !queue.ends.mayExpire) {
    use(queue.readyCount)
    return
  }
  // To look at the next message is another read.
  const held = [buffer, body].filter((view) => pagePool.retain(view))
  queue.ends.expireHead()
  use(queue.readyCount)
  for (const view of held) pagePool.release(view)
}
