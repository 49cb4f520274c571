// The Kafka side of the broker: its connections.
import type { Socket } from 'node:net'
import type { ByteSource } from '../byte-source.ts'
import { KafkaConnection } from './kafka-connection.ts'
import type { KafkaContext } from './kafka-context.ts'

export class KafkaServer {
  readonly #context: KafkaContext
  readonly #connections = new Set<KafkaConnection>()

  constructor(context: KafkaContext) {
    this.#context = context
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Takes over an accepted socket. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    const connection = new KafkaConnection({ socket, source }, this.#context, (closed) => {
      this.#connections.delete(closed)
    })
    this.#connections.add(connection)
  }

  /** Ends all connections: Kafka clients find out by themselves and come back. */
  close(): void {
    for (const connection of this.#connections) connection.destroy()
    this.#context.batchWorker.close()
  }
}
