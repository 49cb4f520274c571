// A connection to the primary under a cell's epoch, made again whenever it is lost. A statement is sent until its
// outcome is known: a lost answer, a warning that the standby may not have it, a server that stops or
// is no primary any more, all mean "again". Each connection begins with a session of its own, written to the cell's
// row. That waits for whatever older connections have under way, makes the server refuse what they send
// from then on, and proves, as any write does, that the standby has all that is to be read.
import type { Clock } from '../../../lib/clock.ts'
import type { Random } from '../../../lib/random.ts'
import { postgresLimits } from '../../../limits/postgres.ts'
import { DiskError } from '../../file/disk-error.ts'
import { type CellStatements, type Claim, type Fence, numberIn } from './cell-statements.ts'
import { NoAnswerError } from './no-answer-error.ts'
import type { PostgresConnection, Row, Statement } from './postgres-connection.ts'
import { judgePostgresError } from './postgres-error.ts'

/** What a link needs of the rest. */
export interface LinkParts {
  readonly clock: Clock
  readonly random: Random
  readonly finder: { open(): Promise<PostgresConnection> }
  readonly statements: CellStatements
  /** Told of each try that has to be repeated, and with undefined when one has succeeded after that. */
  readonly onTrouble: (trouble: Error | undefined) => void
}

/** The links of one table have one fence: a session that one of them begins is everybody's. */
export class CellFence {
  readonly claim: Claim
  /** The last one that was begun. */
  session = 0
  #error: DiskError | undefined
  readonly #links: { close(): void }[] = []

  constructor(claim: Claim) {
    this.claim = claim
  }

  /** Why nothing can be done any more. */
  get end(): DiskError | undefined {
    return this.#error
  }

  /** From now on everything fails with the first reason; nobody needs the connections any more. */
  finish(error: DiskError): DiskError {
    const isFirst = this.#error === undefined
    this.#error ??= error
    if (isFirst) for (const link of this.#links) link.close()
    return this.#error
  }

  /** A link that is closed at the end. */
  add(link: { close(): void }): void {
    this.#links.push(link)
  }

  get now(): Fence {
    const { cell, epoch } = this.claim
    return { cell, epoch, session: this.session }
  }
}

/** Makes the statement; `isFirst` until one was sent of whose outcome nothing is known. */
type MakeStatement = (fence: Fence, isFirst: boolean) => Statement

type Outcome =
  | { readonly kind: 'done'; readonly rows: readonly Row[] }
  /** It did not take place. */
  | { readonly kind: 'refused'; readonly error: DiskError }
  | { readonly kind: 'busy' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'unknown'; readonly error: Error }

export class CellLink {
  readonly #fence: CellFence
  readonly #parts: LinkParts
  #connection: PostgresConnection | undefined
  /** Statements take turns. */
  #last: Promise<unknown> = Promise.resolve()
  #failures = 0
  /** How often in a row a server did not answer. */
  #silences = 0
  #wake: (() => void) | undefined

  constructor(fence: CellFence, parts: LinkParts) {
    this.#fence = fence
    this.#parts = parts
    fence.add(this)
  }

  /** Rows of a write that took place under the fence. @throws DiskError */
  async write(make: MakeStatement): Promise<readonly Row[]> {
    for (;;) {
      const rows = await this.writeUnlessBusy(make)
      if (rows) return rows
    }
  }

  /** The same; undefined when somebody else has a lock that the statement does not wait for. @throws DiskError */
  writeUnlessBusy(make: MakeStatement): Promise<readonly Row[] | undefined> {
    return this.#inTurn(() => this.#settle(make, (rows) => rows[0]?.['owned'] === true))
  }

  /** Rows that a server of this epoch has. Each row has the cell's `epoch` and `session`. @throws DiskError */
  async read(make: (fence: Fence) => Statement): Promise<readonly Row[]> {
    let asked = 0
    const remember: MakeStatement = (fence) => {
      asked = fence.session
      return make(fence)
    }
    const isOurs = (rows: readonly Row[]): boolean => {
      const row = rows[0]
      if (!row || numberIn(row, 'epoch') !== this.#fence.claim.epoch) return false
      return numberIn(row, 'session') >= asked
    }
    return (await this.#inTurn(() => this.#settle(remember, isOurs))) ?? []
  }

  /** Something that needs no fence: catalogues, new tables. @throws DiskError */
  async ask(statement: Statement): Promise<readonly Row[]> {
    return (
      (await this.#inTurn(() =>
        this.#settle(
          () => statement,
          () => true,
        ),
      )) ?? []
    )
  }

  /** What is on its way takes place or not. */
  close(): void {
    this.#connection?.close()
    this.#wake?.()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #settle(
    make: MakeStatement,
    isOurs: (rows: readonly Row[]) => boolean,
  ): Promise<readonly Row[] | undefined> {
    let isFirst = true
    for (;;) {
      const connection = await this.#connect()
      const fence = this.#fence.now
      const outcome = await this.#try(connection, make(fence, isFirst), isOurs)
      switch (outcome.kind) {
        case 'done':
          this.#onWell()
          return outcome.rows
        case 'busy':
          return undefined
        case 'refused':
          throw outcome.error
        case 'stale':
          // Another session of ours is no reason to doubt; without one, a new session will tell.
          if (fence.session === this.#fence.session) this.#drop()
          break
        case 'unknown':
          isFirst = false
          this.#drop()
          await this.#onTrouble(outcome.error)
          break
      }
    }
  }

  async #try(
    connection: PostgresConnection,
    statement: Statement,
    isOurs: (rows: readonly Row[]) => boolean,
  ): Promise<Outcome> {
    try {
      const { rows, doubt } = await connection.run(statement, this.#deadlineMs())
      if (doubt !== undefined) return { kind: 'unknown', error: new Error(doubt) }
      return isOurs(rows) ? { kind: 'done', rows } : { kind: 'stale' }
    } catch (error) {
      return outcomeOf(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** A connection with a session; waits for as long as there is none. @throws DiskError when the epoch is over */
  async #connect(): Promise<PostgresConnection> {
    for (;;) {
      if (this.#fence.end) throw this.#fence.end
      if (this.#connection?.isOpen) return this.#connection
      try {
        await this.#open()
      } catch (error) {
        await this.#onTrouble(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }

  async #open(): Promise<void> {
    const { claim } = this.#fence
    const connection = await this.#parts.finder.open()
    try {
      const begin = this.#parts.statements.beginSession(claim)
      const { rows, doubt } = await connection.run(begin, this.#deadlineMs())
      if (doubt !== undefined) throw new Error(doubt)
      if (this.#fence.end) throw this.#fence.end
      if (!rows[0]) {
        const { cell, epoch } = claim
        throw this.#fence.finish(new DiskError('fenced', `cell ${cell}: epoch ${epoch} is over`))
      }
      this.#fence.session = Math.max(this.#fence.session, numberIn(rows[0], 'session'))
      this.#connection = connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  #drop(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  #deadlineMs(): number {
    const { statementMsMax, statementMsLongest } = postgresLimits
    return Math.min(statementMsLongest, statementMsMax * 2 ** Math.min(this.#silences, 10))
  }

  #onWell(): void {
    if (this.#failures > 0) this.#parts.onTrouble(undefined)
    this.#failures = 0
    this.#silences = 0
  }

  /** Tells, and waits a little longer each time. */
  async #onTrouble(trouble: Error): Promise<void> {
    if (this.#fence.end) return
    this.#parts.onTrouble(trouble)
    const longest = Math.min(
      postgresLimits.reconnectMsMax,
      postgresLimits.reconnectMs * 2 ** Math.min(this.#failures, 10),
    )
    this.#failures += 1
    if (trouble instanceof NoAnswerError) this.#silences += 1
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.after(
        longest * (0.5 + this.#parts.random.next() / 2),
        resolve,
      )
      this.#wake = () => {
        timer.stop()
        resolve()
      }
    })
    this.#wake = undefined
  }
}

function outcomeOf(error: Error): Outcome {
  const verdict = judgePostgresError(error)
  // A row that is there and must not be is compared by the next try.
  if (verdict === 'again' || verdict === 'exists') return { kind: 'unknown', error }
  if (verdict === 'busy') return { kind: 'busy' }
  const details = { cause: error, place: 'postgres' } as const
  return { kind: 'refused', error: new DiskError(verdict, error.message, details) }
}
