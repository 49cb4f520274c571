// The open channels of a connection by their numbers, and what those counted that are closed.
import { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Channel } from './channel.ts'
import type { ClosableChannel } from './connection-session.ts'
import { ProtocolError } from './reply.ts'

export class ChannelTable {
  /** The most channels at a time, and the highest number of one, as negotiated. */
  max = 0
  readonly #channels: (Channel | undefined)[] = []
  /** What closed channels have counted, and what no channel counts. */
  readonly #ended = new ClientCounters()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** What all channels have counted, those that are closed as well. */
  get counters(): ClientCounters {
    const sum = new ClientCounters()
    sum.add(this.#ended)
    for (const { counters } of this.all()) sum.add(counters)
    return sum
  }

  /** Channels on which something was published. */
  get publisherCount(): number {
    let count = 0
    for (const { counters } of this.all()) if (counters.published > 0) count++
    return count
  }

  find(number: number): Channel | undefined {
    return this.#channels[number]
  }

  *all(): Generator<Channel> {
    for (const channel of this.#channels) if (channel !== undefined) yield channel
  }

  /** Closes those with a delivery that is unacked for too long; returns the memory that unacked ones take. */
  checkAcks(now: number): number {
    let size = 0
    for (const channel of this.all()) {
      channel.checkAcks(now)
      size += channel.unacked.memorySize
    }
    return size
  }

  /** There is room again for what consumers could not be sent. */
  tellRefused(): void {
    for (const channel of this.all()) channel.room.tellRefused()
  }

  /** Throws `not_allowed` for one channel too many. */
  expectRoomFor(number: number): void {
    if (this.#count < this.max && number <= this.max) return
    throw new ProtocolError(
      'not_allowed',
      `number of channels opened (${this.#count}) has reached the negotiated channel_max (${this.max})`,
    )
  }

  add(channel: Channel): void {
    this.#channels[channel.number] = channel
    this.#count++
    this.#ended.channels++
  }

  /** Does nothing when it is closed, and maybe another one has its number. */
  forget(forgotten: ClosableChannel): void {
    const channel = this.#channels[forgotten.number]
    if (channel === undefined || channel !== forgotten) return
    channel.onForgotten()
    this.#channels[channel.number] = undefined
    this.#count--
    this.#ended.add(channel.counters)
  }
}
