// Heartbeats both ways (AMQP 0-9-1 §4.2.7): sent when nothing else was for half the interval; a peer
// that is silent for two intervals is gone. Any traffic counts.
import { heartbeatFrame } from '../../codec/amqp/frame.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Connection } from './connection.ts'

const ticksPerInterval = 2
const silentTicksMax = 4

export class Heartbeat {
  readonly #connection: Connection
  readonly #timer: Timer
  #sentSize = 0
  #silentTicks = 0

  constructor(connection: Connection, clock: Clock, seconds: number) {
    this.#connection = connection
    this.#timer = clock.every((seconds * 1000) / ticksPerInterval, () => this.#tick())
  }

  /** Bytes came from the peer. */
  onReceived(): void {
    this.#silentTicks = 0
  }

  stop(): void {
    this.#timer.stop()
  }

  #tick(): void {
    const connection = this.#connection
    if (connection.output.sentSize === this.#sentSize) {
      connection.trim()
      connection.output.appendView(heartbeatFrame)
      connection.scheduleFlush()
      // The heartbeat itself is no reason to skip the next one.
      this.#sentSize = connection.output.sentSize + heartbeatFrame.length
    } else {
      this.#sentSize = connection.output.sentSize
    }
    if (connection.isExcusedFromHeartbeats) this.#silentTicks = 0
    else if (++this.#silentTicks > silentTicksMax) {
      connection.context.logger.info({ remote: connection.remoteAddress }, 'Missed heartbeats')
      connection.destroy()
    }
  }
}
