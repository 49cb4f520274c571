// Answers calls for records of partitions that a cell leads.
import type { Broker } from '../../broker/broker.ts'
import { LedRecords, NotLedError } from '../../broker/spread/led-records.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { CallError } from './call-error.ts'
import type { CallHandlers } from './calls.ts'

type RecordHandlers = Pick<
  CallHandlers,
  'records.watch' | 'records.read' | 'records.append' | 'records.hold'
>

export function recordHandlers(broker: Broker, topics: Topics): RecordHandlers {
  const { store, clock, shortage } = broker
  const records = new LedRecords({
    store,
    clock,
    shortage,
    findTopic: (topicId) => topics.findById(topicId),
    topics: () => topicsIn(topics),
  })
  return {
    'records.watch': async (args, { signal }) => ({ content: await records.watch(args, signal) }),
    'records.read': async (args) => {
      const { result, body } = await answering(() => records.read(args))
      return { content: result, body }
    },
    'records.append': async (args, { body }) => ({
      content: await answering(() => records.append(args, body)),
    }),
    'records.hold': (args) => Promise.resolve({ content: records.hold(args) }),
  }
}

function* topicsIn(topics: Topics): Generator<Topic> {
  for (const { topic } of topics.seen(false)) if (topic !== undefined) yield topic
}

/** Whoever asked tries again, whatever failed. */
async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { message } = error as Error
    if (error instanceof NotLedError) throw new CallError('refused', message, { code: 'not-led' })
    throw new CallError('unreachable', message, { mayBeDone: true })
  }
}
