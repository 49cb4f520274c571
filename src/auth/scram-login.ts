// One login by SCRAM, message by message (RFC 5802), for whatever protocol carries it. Who does not exist and who has no
// secret is challenged and refused like anybody.
import type { ScramMechanism } from '../meta/access-rows.ts'
import type { Origin } from './principal.ts'
import type { ScramExchange } from './scram-exchange.ts'
import { scramDigests } from './scram-secret.ts'
import type { LoginResult, Users } from './users.ts'

/** What the server says to a message of the client. */
export interface ScramStep {
  readonly answer: Buffer
  /** Undefined as long as the client has to go on. */
  readonly login: LoginResult | undefined
}

export interface ScramLoginParts {
  readonly users: Users
  readonly mechanism: ScramMechanism
  readonly origin: Origin
  /** Whom a client means by the name that it says; undefined for one that it may not say. */
  readonly userOf?: (name: string) => string | undefined
}

const nothing: Buffer = Buffer.alloc(0)

export class ScramLogin {
  readonly mechanism: ScramMechanism
  readonly #parts: ScramLoginParts
  readonly #exchange: ScramExchange
  #user: string | undefined

  constructor(parts: ScramLoginParts) {
    this.#parts = parts
    this.mechanism = parts.mechanism
    this.#exchange = parts.users.beginScram(parts.mechanism)
  }

  /**
   * The client's next message, of which nothing is kept. Undefined: it is malformed, or names somebody that it may not.
   * The next message comes after the answer to this one.
   */
  step(message: Buffer): ScramStep | Promise<ScramStep | undefined> | undefined {
    return this.#user === undefined ? this.#begin(message) : this.#end(message, this.#user)
  }

  #begin(message: Buffer): Promise<ScramStep> | undefined {
    const { mechanism } = this
    const { users, userOf } = this.#parts
    const name = this.#exchange.begin(message)
    const user = name === undefined || userOf === undefined ? name : userOf(name)
    if (user === undefined) return undefined
    this.#user = user
    return users
      .scramSecretOf(user, mechanism)
      .then((secret) => ({ answer: this.#exchange.challenge(secret), login: undefined }))
  }

  #end(message: Buffer, user: string): ScramStep {
    const { users, origin } = this.#parts
    const answer = this.#exchange.finish(message)
    const login = users.loginByScram(user, answer !== undefined, origin)
    return { answer: answer ?? nothing, login }
  }
}

/** The mechanism of this name; undefined for one that is not served. */
export function findScramMechanism(name: string): ScramMechanism | undefined {
  return Object.hasOwn(scramDigests, name) ? (name as ScramMechanism) : undefined
}
