// How fast connections may come (KIP-402, KIP-612): from one address, by its quota, and to the broker, by its
// setting max.connection.creation.rate. One that comes too fast from its address is closed after a while, so that
// its client does not come again at once; one that is too many for the broker waits for its turn.
import type { Socket } from 'node:net'
import type { Broker } from '../../broker/broker.ts'
import { TokenBucket } from '../../broker/rate/token-bucket.ts'
import type { Timer } from '../../lib/clock.ts'
import { unmapped } from '../../lib/loopback.ts'
import { quotaLimits } from '../../limits/quota.ts'

const setting = 'max.connection.creation.rate'
/** Kafka's default, which is none. */
const unlimited = 2 ** 31 - 1

type RatesParts = Pick<Broker, 'clock' | 'quotas' | 'ownSettings'>

export class ConnectionRates {
  readonly #parts: RatesParts
  #ofBroker: { readonly rate: number; readonly bucket: TokenBucket } | undefined
  readonly #delayed = new Map<Socket, Timer>()

  constructor(parts: RatesParts) {
    this.#parts = parts
  }

  /** Calls `begin` when the connection's turn has come, which may be now, or never. Nothing was read of it. */
  admit(socket: Socket, begin: () => void): void {
    const { quotas } = this.#parts
    const own = quotas.findForAddress(unmapped(socket.remoteAddress ?? ''))
    const ownMs = own?.debtMs ?? 0
    if (ownMs > 0) {
      quotas.throttledConnectionCount++
      this.#later(socket, ownMs, () => socket.destroy())
      return
    }
    own?.take(1)
    const bucket = this.#findOfBroker()
    bucket?.take(1)
    const waitMs = bucket?.debtMs ?? 0
    if (waitMs === 0) {
      begin()
      return
    }
    quotas.throttledConnectionCount++
    this.#later(socket, waitMs, begin)
  }

  /** Nobody waits any more. */
  close(): void {
    for (const [socket, timer] of this.#delayed) {
      timer.stop()
      socket.destroy()
    }
    this.#delayed.clear()
  }

  #findOfBroker(): TokenBucket | undefined {
    const { ownSettings, clock } = this.#parts
    const rate = Number(ownSettings.get(setting) ?? unlimited)
    if (rate >= unlimited) return undefined
    if (this.#ofBroker?.rate !== rate) {
      // A rate of 0 lets none in: it comes to the same as one in a day.
      const perSecond = Math.max(rate, 1 / 86_400)
      this.#ofBroker = { rate, bucket: new TokenBucket(clock, perSecond, quotaLimits.quotaBurstMs) }
    }
    return this.#ofBroker.bucket
  }

  #later(socket: Socket, ms: number, then: () => void): void {
    if (this.#delayed.size >= quotaLimits.delayedConnectionsMax) {
      socket.destroy()
      return
    }
    // An error of a connection that nobody has yet would end the process.
    socket.on('error', ignore)
    const timer = this.#parts.clock.after(ms, () => {
      this.#delayed.delete(socket)
      socket.off('error', ignore)
      if (!socket.destroyed) then()
    })
    this.#delayed.set(socket, timer)
  }
}

function ignore(): void {}
