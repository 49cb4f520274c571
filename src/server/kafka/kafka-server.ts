// The Kafka side of the broker: its connections.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { ByteSource } from '../byte-source.ts'
import { SendWatch } from '../send-watch.ts'
import { KafkaConnection } from './kafka-connection.ts'
import type { KafkaContext, KafkaListener, KafkaParts } from './kafka-context.ts'

export class KafkaServer {
  readonly #context: KafkaContext
  readonly #connections = new Set<KafkaConnection>()
  readonly #idleCheck: Timer

  constructor(parts: KafkaParts) {
    const sendWatch = new SendWatch(parts.clock, kafkaLimits.kafkaIdleMsMax)
    this.#context = { ...parts, sendWatch }
    this.#idleCheck = parts.clock.every(kafkaLimits.kafkaIdleCheckMs, () => {
      for (const connection of this.#connections) connection.checkIdle(kafkaLimits.kafkaIdleCheckMs)
    })
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** What takes over the sockets that `listener` accepts. */
  acceptOn(listener: KafkaListener): (socket: Socket, source: ByteSource) => void {
    return (socket, source) => {
      const incoming = { socket, source, listener }
      const connection = new KafkaConnection(incoming, this.#context, (closed) => {
        this.#connections.delete(closed)
      })
      this.#connections.add(connection)
    }
  }

  /** Ends all connections: Kafka clients find out by themselves and come back. */
  close(): void {
    this.#idleCheck.stop()
    for (const connection of this.#connections) connection.destroy()
  }
}
