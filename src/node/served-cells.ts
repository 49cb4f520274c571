// The cells that this node serves at this moment: one for ever without a cluster, any number that changes in one.
import type { AmqpServer } from '../server/amqp/amqp-server.ts'
import type { KafkaServer } from '../server/kafka/kafka-server.ts'
import type { ProtocolParts } from './protocol-server.ts'

/** A cell that is open here, with what serves it to clients. Nothing of it listens. */
export interface ServedCell {
  /** 0 without a cluster. */
  readonly cell: number
  /** 0 without a cluster. */
  readonly epoch: number
  /** `users`, `clients`, `memory` and the like are the node's, `cell` and `statistics` its own. */
  readonly parts: ProtocolParts
  readonly amqp: AmqpServer
  readonly kafka: KafkaServer
}

export interface ServedCells {
  find(cell: number): ServedCell | undefined
  all(): Iterable<ServedCell>
}
