// Finds the primary among the hosts of an address. All are asked at the same time, so a dead one costs nothing
// and an old primary that lives on does not win: the highest timeline does, and a lower one than was ever
// seen is refused.
import type { Clock } from '../../../lib/clock.ts'
import { postgresLimits } from '../../../limits/postgres.ts'
import type { PostgresAddress, PostgresHost } from './postgres-address.ts'
import { PostgresConnection } from './postgres-connection.ts'

export class PrimaryFinder {
  readonly #hosts: readonly PostgresHost[]
  readonly #clock: Clock
  #timelineMax = 0

  constructor(address: PostgresAddress, clock: Clock) {
    this.#hosts = address.hosts
    this.#clock = clock
  }

  /** A connection to the primary. @throws Error that says of each host why it is not. */
  async open(): Promise<PostgresConnection> {
    const found: PostgresConnection[] = []
    const problems: string[] = []
    let isOver = false
    const attempts = this.#hosts.map(async (host) => {
      try {
        const connection = await PostgresConnection.open(host, this.#clock)
        if (connection.identity.isStandby) problems.push(`${host.name}: is a standby`)
        if (isOver || connection.identity.isStandby) connection.close()
        else found.push(connection)
      } catch (error) {
        problems.push(`${host.name}: ${error instanceof Error ? error.message : String(error)}`)
      }
    })
    await this.#firstOf(attempts, found)
    isOver = true
    found.sort((left, right) => right.identity.timeline - left.identity.timeline)
    const [primary, ...others] = found
    for (const other of others) other.close()
    if (!primary) throw new Error(`no PostgreSQL primary: ${problems.join('; ')}`)
    if (primary.identity.timeline >= this.#timelineMax) {
      this.#timelineMax = primary.identity.timeline
      return primary
    }
    primary.close()
    throw new Error(`${primary.identity.host} was a primary before another took its place`)
  }

  /** Until all have answered, or the first primary has waited for others. */
  #firstOf(attempts: readonly Promise<void>[], found: readonly unknown[]): Promise<void> {
    return new Promise((resolve) => {
      let left = attempts.length
      for (const attempt of attempts) {
        void attempt.then(() => {
          left -= 1
          if (left === 0) resolve()
          else if (found.length > 0) this.#clock.after(postgresLimits.newerPrimaryMs, resolve)
        })
      }
    })
  }
}
