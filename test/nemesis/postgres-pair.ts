// PostgreSQL with a synchronous standby, whose roles change: the standby is promoted, and a new one follows it. Links
// lead to the two places that there are, whichever server is there.
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { waitFor } from '../support/wait-for.ts'

/** Nodes need a disk that is synced; what is killed here is a process, so the disk's own pace does not matter. */
const settings = { fsync: 'on', max_connections: '80', wal_keep_size: '64MB' }

export class PostgresPair implements AsyncDisposable {
  /** Told when another server is in a place. */
  onMoved: () => void = () => undefined
  readonly #places: [PostgresServer, PostgresServer]
  #primary: 0 | 1 = 0

  private constructor(primary: PostgresServer, standby: PostgresServer) {
    this.#places = [primary, standby]
  }

  static async start(): Promise<PostgresPair> {
    const primary = await PostgresServer.start(settings)
    return new PostgresPair(primary, await primary.addStandby(settings))
  }

  get primary(): PostgresServer {
    return this.#places[this.#primary]
  }

  get standby(): PostgresServer {
    return this.#places[1 - this.#primary] as PostgresServer
  }

  get ports(): readonly [number, number] {
    return [this.#places[0].port, this.#places[1].port]
  }

  /** The standby becomes the primary; the old primary is gone by then, or gone for everybody. */
  async promote(): Promise<void> {
    const { primary: old, standby } = this
    await standby.promote()
    this.#primary = this.#primary === 0 ? 1 : 0
    await old[Symbol.asyncDispose]()
    const next = await standby.addStandby(settings)
    this.#places[1 - this.#primary] = next
    this.onMoved()
  }

  /** What the primary prints; waits while there is none. */
  async ask(sql: string): Promise<string> {
    return waitFor(
      'PostgreSQL answers the rig',
      async () => {
        try {
          return { text: await this.primary.run(sql) }
        } catch {
          return undefined
        }
      },
      60_000,
    ).then(({ text }) => text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.standby[Symbol.asyncDispose]()
    await this.primary[Symbol.asyncDispose]()
  }
}
