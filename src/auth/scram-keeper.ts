// What SCRAM needs of each user: what the topology keeps, and for the user of the settings, whose password is
// known, what is made of it at the first login. Salts that are not kept are made of a secret of the broker's: they are the
// same after a restart and at other nodes, as those are that are kept, so that they do not tell who exists.
import { createHmac } from 'node:crypto'
import type { Random } from '../lib/random.ts'
import { authLimits } from '../limits/auth.ts'
import type { ScramMechanism, ScramSecret } from '../meta/access-rows.ts'
import type { AccessControl } from './access-control.ts'
import { makeScramSecrets, saltSize, scramDigests } from './scram-secret.ts'

export class ScramKeeper {
  readonly #access: AccessControl
  readonly #random: Random
  readonly #saltKey: Buffer
  #ownPassword: Uint8Array = Buffer.alloc(0)
  #ownSecrets: Promise<ScramSecret[]> | undefined

  constructor(access: AccessControl, random: Random, secret: Buffer) {
    this.#access = access
    this.#random = random
    this.#saltKey = createHmac('sha256', secret).update('pabal SCRAM salts').digest()
  }

  /** The user of the settings has this password from now on. */
  setOwn(password: Uint8Array): void {
    this.#ownPassword = password
    this.#ownSecrets = undefined
  }

  /**
   * What is kept of the password of `user`. Of whoever has none, or does not exist, it is one that no password
   * fits, always with the same salt: the answer does not tell who exists.
   */
  async secretOf(user: string, mechanism: ScramMechanism): Promise<ScramSecret> {
    const known = this.#access.isOwn(user)
      ? await (this.#ownSecrets ??= this.#makeOwn(user))
      : this.#access.findUser(user)?.scram
    return known?.find((secret) => secret.mechanism === mechanism) ?? this.#decoy(user, mechanism)
  }

  #makeOwn(user: string): Promise<ScramSecret[]> {
    return makeScramSecrets(this.#ownPassword, (mechanism) => this.#saltOf(user, mechanism))
  }

  #saltOf(user: string, mechanism: ScramMechanism): Buffer {
    const salt = createHmac('sha256', this.#saltKey).update(`${mechanism} ${user}`).digest()
    return salt.subarray(0, saltSize)
  }

  #decoy(user: string, mechanism: ScramMechanism): ScramSecret {
    const { size } = scramDigests[mechanism]
    const key = this.#random.bytes(size).toString('base64')
    return {
      mechanism,
      salt: this.#saltOf(user, mechanism).toString('base64'),
      iterations: authLimits.scramIterations,
      storedKey: key,
      serverKey: key,
    }
  }
}
