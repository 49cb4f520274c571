// The cells of a cluster that this node serves at this moment.
import type { AmqpServer } from '../server/amqp/amqp-server.ts'
import type { CallHandlers } from './calls/calls.ts'
import type { OpenedKafka } from './open-kafka.ts'
import type { OpenedMqtt } from './open-mqtt.ts'
import type { OpenedStomp } from './open-stomp.ts'
import type { ProtocolParts } from './protocol-server.ts'

/** A cell that is open here, with what serves it to clients. Nothing of it listens. */
export interface ServedCell {
  readonly cell: number
  readonly epoch: number
  /** `users`, `clients`, `memory` and the like are the node's, `cell` and `statistics` its own. */
  readonly parts: ProtocolParts
  readonly amqp: AmqpServer
  readonly kafka: OpenedKafka
  readonly mqtt: OpenedMqtt
  readonly stomp: OpenedStomp
  /** Answers the calls of other nodes. */
  readonly handlers: CallHandlers
}

export interface ServedCells {
  find(cell: number): ServedCell | undefined
  /** Lowest first. */
  all(): readonly ServedCell[]
}
