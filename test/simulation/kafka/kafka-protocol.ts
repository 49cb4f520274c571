// How Kafka clients connect and leave.
import type { Life, Protocol } from '../client.ts'
import type { QueueLife } from '../model/queue-life.ts'
import { KafkaConnection } from './kafka-connection.ts'

export type KafkaLife = Life<KafkaConnection>

export const kafkaProtocol: Protocol<KafkaConnection> = {
  service: 'kafka',
  open: (link, { name, world }) =>
    Promise.resolve(new KafkaConnection(link, { clientId: name, clock: world.clock })),
  close(connection, isPolite) {
    connection.close(isPolite)
    return Promise.resolve()
  },
  endOf: ({ ended }) => ended,
}

/** What Kafka shows: topics, and work queues that outlive the broker. */
export function pickTopic(life: KafkaLife): QueueLife | undefined {
  return life.pick(isShownToKafka)
}

export function isShownToKafka({ kind }: QueueLife): boolean {
  const isShown = kind.isDurable && !kind.isExclusive && !kind.isAutoDelete
  // The model knows one partition of a queue.
  return isShown && kind.highestPriority === undefined
}
