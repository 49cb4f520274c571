// One connection to a primary; the one file that knows the library `pg`, which is loaded for the first.
// Statements take turns. A deadline closes the socket and never cancels: a cancelled wait for the standby
// would be a success. Values that are Buffers go as bytes; no `binary` results, which `pg` damages.
import type { Client } from 'pg'
import type { Clock, Timer } from '../../../lib/clock.ts'
import { postgresLimits } from '../../../limits/postgres.ts'
import { NoAnswerError } from './no-answer-error.ts'
import type { PostgresHost } from './postgres-address.ts'
import { explainLogin, isDoubt } from './postgres-error.ts'

/** A statement; with a name it is prepared once for a connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values?: readonly (string | number | Buffer | null)[]
}

export type Row = Readonly<Record<string, unknown>>

/** Rows, and the warning that puts in doubt whether what was written is on the standby. */
export interface Answer {
  readonly rows: readonly Row[]
  readonly doubt: string | undefined
}

/** Which server it is: a promoted one has a higher timeline. */
export interface ServerIdentity {
  readonly host: string
  readonly isStandby: boolean
  readonly startedAt: string
  readonly timeline: number
}

/** What our statements rely on, whatever role and database say; servers that do not know one do without. */
const sessionSettings: Readonly<Record<string, string>> = {
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_session_timeout: '0',
  idle_in_transaction_session_timeout: '60000',
  default_transaction_isolation: 'read committed',
  bytea_output: 'hex',
}

/** Ends statements that wait for a lock for a client that has gone; a wait for the standby it leaves alone. */
const checkClient = `SET client_connection_check_interval = ${postgresLimits.clientCheckMs}`

/** Waiting for the standby is the point; a stricter setting stays. */
const applySettings: Statement = {
  text: `SELECT set_config(s.name, v.value, false) FROM (VALUES ${Object.entries(sessionSettings)
    .map(([name, value]) => `('${name}', '${value}')`)
    .join(', ')}) v (name, value) JOIN pg_settings s ON s.name = v.name
    UNION ALL SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')`,
}

const readIdentity: Statement = {
  text: `SELECT pg_is_in_recovery() AS "isStandby", pg_postmaster_start_time()::text AS "startedAt"`,
}

/** Of the place where it writes; the control file learns of a promotion later. */
const readTimeline: Statement = {
  text: 'SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline',
}

export class PostgresConnection {
  readonly identity: ServerIdentity
  readonly #client: Client
  readonly #clock: Clock
  #isOpen = true
  #doubt: string | undefined
  #last: Promise<unknown> = Promise.resolve()

  private constructor(client: Client, clock: Clock, identity: ServerIdentity) {
    this.#client = client
    this.#clock = clock
    this.identity = identity
    client.on('notice', (notice) => {
      if (isDoubt(notice)) this.#doubt ??= notice.message ?? 'a warning'
    })
    client.on('end', () => (this.#isOpen = false))
  }

  /** Whoever opens looks at `identity`: a standby takes no writes. @throws Error when there is no server. */
  static async open(host: PostgresHost, clock: Clock): Promise<PostgresConnection> {
    const { default: pg } = await import('pg')
    const client = new pg.Client({
      connectionString: host.url,
      connectionTimeoutMillis: postgresLimits.connectMsMax,
      keepAlive: true,
      keepAliveInitialDelayMillis: postgresLimits.keepAliveMs,
      application_name: 'pabal',
    })
    // Whoever waits for an answer hears of it as well.
    client.on('error', () => undefined)
    const deadline = clock.after(postgresLimits.connectMsMax, () => void client.end())
    try {
      await client.connect()
      await client.query(applySettings.text)
      // Not every system can look.
      await client.query(checkClient).catch(() => undefined)
      const { rows } = await client.query<Record<string, unknown>>(readIdentity.text)
      const isStandby = rows[0]?.['isStandby'] === true
      const identity = {
        host: host.name,
        isStandby,
        startedAt: String(rows[0]?.['startedAt']),
        timeline: isStandby ? 0 : await timelineOf(client),
      }
      return new PostgresConnection(client, clock, identity)
    } catch (error) {
      void client.end()
      throw explainLogin(error)
    } finally {
      deadline.stop()
    }
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Statements take turns. @throws Error of the server, or of the socket when there is no answer within `msMax`. */
  run(statement: Statement, msMax: number = postgresLimits.statementMsMax): Promise<Answer> {
    const turn = this.#last.then(() => this.#run(statement, msMax))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #run(statement: Statement, msMax: number): Promise<Answer> {
    this.#doubt = undefined
    let isLate = false
    const deadline: Timer = this.#clock.after(msMax, () => {
      isLate = true
      this.close()
    })
    try {
      const { text, name, values } = statement
      const { rows } = await this.#client.query<Record<string, unknown>>({
        text,
        ...(name === undefined ? {} : { name }),
        ...(values === undefined ? {} : { values: [...values] }),
      })
      return { rows, doubt: this.#doubt }
    } catch (error) {
      if (isLate) throw new NoAnswerError(msMax, error)
      throw error
    } finally {
      deadline.stop()
    }
  }

  /** Statements that are on their way take place or not. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    void this.#client.end()
  }
}

/** 0 where the server does not tell. */
async function timelineOf(client: Client): Promise<number> {
  try {
    const { rows } = await client.query<Record<string, unknown>>(readTimeline.text)
    return Number.parseInt(String(rows[0]?.['timeline']), 16) || 0
  } catch {
    return 0
  }
}
