// One round's clients: what they share, and how one of them runs until the broker is killed.

import type { Socket } from 'node:net'
import { type Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import type { Ledger } from './ledger.ts'

/** A connection of an actor. */
export interface ActorSession {
  readonly session: AmqpSession
  readonly isClosed: () => boolean
  /** Resolves when everything the broker sent has been handled and the connection is gone. */
  readonly closed: Promise<void>
}

type Act = (actor: ActorSession, name: string, random: Random) => Promise<void>

export class Load {
  readonly ledger: Ledger
  /** Resolves with what went wrong when a client was refused while the broker was alive. */
  readonly failed: Promise<Error>
  readonly #url: string
  readonly #prefix: string
  readonly #seed: number
  readonly #running: Promise<void>[] = []
  #fail: (error: Error) => void = () => {}
  #isOver = false

  constructor(url: string, ledger: Ledger, options: { round: number; seed: number }) {
    this.#url = url
    this.ledger = ledger
    this.#prefix = `r${options.round}`
    this.#seed = options.seed
    this.failed = new Promise((resolve) => {
      this.#fail = resolve
    })
  }

  /** The broker is about to be killed: from here on clients may fail. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Starts a client with a connection and a choice of its own, which depends on the seed alone. */
  start(actor: string, act: Act): void {
    const random = seededRandom(this.#seed * 1009 + this.#running.length)
    const name = `${this.#prefix}.${actor}${this.#running.length}`
    this.#running.push(this.#run(name, random, act))
  }

  end(): void {
    this.#isOver = true
  }

  /** Resolves when all clients have handled what they got. */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #run(name: string, random: Random, act: Act): Promise<void> {
    let actor: ActorSession | undefined
    let reason = ''
    try {
      const session = await AmqpSession.open(this.#url, { noDelay: true })
      actor = this.#watch(session)
      session.model.once('close', (error) => {
        reason = `; ${String(error)}`
      })
      // amqplib leaves some calls unanswered when a connection breaks.
      await Promise.race([act(actor, name, random), actor.closed])
    } catch (error) {
      if (!this.#isOver) {
        this.#fail(new Error(`${name}: ${String(error)}${reason}`, { cause: error }))
      }
    }
    await actor?.closed
  }

  #watch(session: AmqpSession): ActorSession {
    // amqplib may have said that the connection is closed before anyone could listen to it.
    const { stream } = session.model.connection as unknown as { readonly stream: Socket }
    let isClosed = stream.destroyed
    const closed = new Promise<void>((resolve) => {
      stream.once('close', () => {
        isClosed = true
        resolve()
      })
      if (isClosed) resolve()
    })
    return { session, closed, isClosed: () => isClosed || this.#isOver }
  }
}
