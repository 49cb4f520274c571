// Messages of QoS 1 and 2 that a client has been sent and has not done with, by packet id.
//
// Invariant: the id of a message of the session's own queue is made of its offset, so it is the same whenever the
// message is sent again, after a crash as well [MQTT-4.4.0-1]. Where another message has it, the message waits.
import type { DeliveryHolder } from '../unacked-deliveries.ts'

export interface InFlightMessage {
  readonly qos: 1 | 2
  /** Who has it until it is acked; undefined once a message of QoS 2 was received, and only its id is left. */
  holder: DeliveryHolder | undefined
  readonly offset: number
  /** The client may be asked to release it: that it was received is durable. */
  isReceivedDurably: boolean
}

/** Packet ids that there are, from 1 on. */
export const packetIdsMax = 65_535

export class InFlight {
  readonly #messages = new Map<number, InFlightMessage>()
  #lastFree = 0

  get size(): number {
    return this.#messages.size
  }

  get(packetId: number): InFlightMessage | undefined {
    return this.#messages.get(packetId)
  }

  add(packetId: number, message: InFlightMessage): void {
    this.#messages.set(packetId, message)
  }

  delete(packetId: number): void {
    this.#messages.delete(packetId)
  }

  /** In the order in which they were sent. */
  entries(): IterableIterator<[number, InFlightMessage]> {
    return this.#messages.entries()
  }

  /** An id that no message has. */
  takeFree(): number {
    do this.#lastFree = (this.#lastFree % packetIdsMax) + 1
    while (this.#messages.has(this.#lastFree))
    return this.#lastFree
  }
}

/** The packet id of a message of a session's own queue. */
export function packetIdOf(offset: number): number {
  return (offset % packetIdsMax) + 1
}
