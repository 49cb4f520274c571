// Work queues as Kafka sees them: topics with a partition for each of their logs. They are made for queues that somebody
// looks at.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Destination } from '../destination.ts'
import type { Queue } from '../queue/queue.ts'
import { Partition, type PartitionContext, type PartitionOwner } from './partition.ts'
import { topicIdOfQueue } from './queue-topic-id.ts'
import { TopicConfig } from './topic-config.ts'
import { isTopicName } from './topic-name.ts'
import type { TopicView } from './topic-view.ts'

/** What Kafka sees of a work queue. */
interface QueueView extends TopicView {
  readonly partitions: Partition[]
}

const queueConfig = new TopicConfig({ 'retention.ms': '-1', 'cleanup.policy': 'delete' })

export class QueueViews {
  readonly #context: PartitionContext
  readonly #views = new Map<Queue, QueueView>()
  readonly #queuesById = new Map<string, Queue>()

  constructor(context: PartitionContext) {
    this.#context = context
  }

  /** Queues that somebody has looked at. */
  queues(): IterableIterator<Queue> {
    return this.#views.keys()
  }

  /** Of those. */
  findQueue(topicId: string): Queue | undefined {
    return this.#queuesById.get(topicId)
  }

  /** Partitions of those. */
  *partitions(): Generator<Partition> {
    for (const { partitions } of this.#views.values()) yield* partitions
  }

  of(queue: Queue): TopicView {
    const view = this.#views.get(queue) ?? this.#add(queue)
    // A queue with priorities has one more with each priority that comes up.
    while (view.partitions.length < queue.levels.length) {
      const index = view.partitions.length
      const owner: PartitionOwner = {
        config: () => queueConfig,
        admit: (incoming) => queue.admitBatch(incoming),
        onAppended: (incoming) => queue.onBatchAppended(incoming, index),
        onTransactionEnded: (abortedSize) => queue.onTransactionEnded(index, abortedSize),
        showsAborted: false,
      }
      view.partitions.push(new Partition(visibleCursor(queue, index), this.#context, owner))
    }
    return view
  }

  /** A queue is gone, and so is what was kept about its producers. Within an atom. */
  forget(queue: Queue): void {
    const view = this.#views.get(queue)
    if (view === undefined) return
    for (const partition of view.partitions) partition.forget()
    this.#views.delete(queue)
    this.#queuesById.delete(view.topicId)
  }

  /** A queue was rewound, or begins or ends to keep what is acked: what Kafka sees of it is another. */
  onCursorsChanged(queue: Queue): void {
    for (const [index, partition] of this.#views.get(queue)?.partitions.entries() ?? []) {
      partition.cursor = visibleCursor(queue, index)
    }
  }

  #add(queue: Queue): QueueView {
    const view: QueueView = {
      name: queue.name,
      topicId: topicIdOfQueue(queue.id),
      partitions: [],
      config: queueConfig,
      source: queue,
      topic: undefined,
      hasGaps: true,
      led: (index) => view.partitions[index],
      cellElsewhere: () => undefined,
    }
    this.#views.set(queue, view)
    this.#queuesById.set(view.topicId, queue)
    return view
  }
}

/** Whether Kafka may see it. */
export function isVisible(queue: Destination): boolean {
  if (!isTopicName(queue.name)) return false
  return queue.kind === 'topic' || (queue.isDurable && !queue.isExclusive && !queue.isAutoDelete)
}

/** What a queue keeps can be read, though it was acked. */
function visibleCursor({ retained, cursors }: Queue, index: number): LogCursor {
  return retained?.cursors[index] ?? cursors[index]!
}
