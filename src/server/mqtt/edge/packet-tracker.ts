// Follows the packets of a stream of MQTT that is passed on, as far as it takes to see where each ends.
import { DISCONNECT } from '../../../codec/mqtt/packet-type.ts'
import type { StreamTracker } from '../../passed-on-client.ts'

export class MqttPacketTracker implements StreamTracker {
  /** Whether anything has gone by: a client hears CONNACK first [MQTT-3.2.0-1]. */
  hasBegun = false
  #hasClosed = false
  /** Bytes of the length that were read; -1: the first byte of a packet is still to come. */
  #lengthSize = -1
  #length = 0
  /** Bytes up to the end of the packet, once its length is there. */
  #left = 0

  get isBetweenFrames(): boolean {
    return this.#lengthSize < 0 && this.#left === 0
  }

  /** DISCONNECT has gone by. */
  get hasClosed(): boolean {
    return this.#hasClosed
  }

  follow(bytes: Buffer): void {
    this.#follow(bytes, false)
  }

  followToEnd(bytes: Buffer): number {
    return this.isBetweenFrames ? 0 : this.#follow(bytes, true)
  }

  #follow(bytes: Buffer, isOneOnly: boolean): number {
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, bytes.length - at)
        this.#left -= skipped
        at += skipped
      } else this.#onHead(bytes[at++] as number)
      if (isOneOnly && this.isBetweenFrames) break
    }
    return at
  }

  #onHead(byte: number): void {
    this.hasBegun = true
    if (this.#lengthSize < 0) {
      this.#hasClosed ||= byte >>> 4 === DISCONNECT
      this.#lengthSize = 0
      this.#length = 0
      return
    }
    this.#length += (byte & 0x7f) * 128 ** this.#lengthSize++
    if ((byte & 0x80) !== 0) return
    this.#lengthSize = -1
    this.#left = this.#length
  }
}
