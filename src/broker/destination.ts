import type { Queue } from './queue/queue.ts'
import type { Topic } from './topic/topic.ts'

/** What exchanges route to: a work queue, or a topic (which AMQP calls a stream queue). */
export type Destination = Queue | Topic
