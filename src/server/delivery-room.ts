// Room for deliveries to the consumers of one channel: how many may be unsettled (basic.qos with
// global, and the limit of every channel), and who goes on first once there is room again.
//
// Invariant: a sink that was refused is told once, unless it is forgotten before. Who got a delivery
// longest ago is told first, so that a small prefetch goes round.
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { UnackedDeliveries } from '../broker/unacked-deliveries.ts'
import { brokerLimits } from '../limits/broker.ts'
import { memoryLimits } from '../limits/memory.ts'

/** A sink that asks for room. */
export interface RoomSeeker {
  /** Tag of its last delivery, 0 before the first. */
  readonly lastDeliveryTag: number
  readonly consumer: { resume(): void } | undefined
}

export class DeliveryRoom {
  /** Unsettled deliveries that all consumers may have together; 0 for no limit of theirs. */
  prefetch = 0
  readonly #unacked: UnackedDeliveries
  readonly #memory: MemoryAccount
  /** Deliveries to consumers that are not settled. Messages of basic.get do not count. */
  #heldCount = 0
  readonly #refused = new Set<RoomSeeker>()

  constructor(unacked: UnackedDeliveries, memory: MemoryAccount) {
    this.#unacked = unacked
    this.#memory = memory
  }

  /** Whether one more may be unacked. */
  get hasUnackedRoom(): boolean {
    const { count } = this.#unacked
    if (count < memoryLimits.pressedUnackedMax) return true
    return count < brokerLimits.unackedPerChannelMax && !this.#memory.isOver('unacked')
  }

  /** Whether a delivery fits. One that needs no ack takes no room, and waits for it all the same. */
  hasRoomFor(isNoAck: boolean): boolean {
    if (this.prefetch !== 0 && this.#heldCount >= this.prefetch) return false
    return isNoAck || this.hasUnackedRoom
  }

  /** A delivery that has to be settled goes out. */
  take(): void {
    this.#heldCount++
  }

  /** Such a delivery is settled. */
  giveBack(): void {
    this.#heldCount--
  }

  /** Notes who has to be told when there is room. Always false. */
  refuse(sink: RoomSeeker): false {
    this.#refused.add(sink)
    return false
  }

  /** Some sink waits for room: others who may go on have to wait with it for their turn. */
  get isContended(): boolean {
    return this.#refused.size > 0
  }

  /** The sink wants no more deliveries. */
  forget(sink: RoomSeeker): void {
    this.#refused.delete(sink)
  }

  /** There may be room again. */
  tellRefused(): void {
    if (this.#refused.size === 0) return
    const sinks = [...this.#refused].sort((a, b) => a.lastDeliveryTag - b.lastDeliveryTag)
    this.#refused.clear()
    for (const { consumer } of sinks) consumer?.resume()
  }
}
