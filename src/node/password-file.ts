// The password of the settings' user: read at the start, and again when its file changes. A file that is
// missing or empty for a moment, or for good, leaves the password that was in it.
import type { OwnUser, Users } from '../auth/users.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { authLimits } from '../limits/auth.ts'
import { readPasswordFile } from '../settings/settings-file.ts'

export interface PasswordFileParts {
  readonly users: Pick<Users, 'setOwn'>
  readonly clock: Clock
  readonly logger: Logger
}

export class PasswordFile implements Disposable {
  readonly #path: string
  readonly #parts: PasswordFileParts
  readonly #timer: Timer
  #known: OwnUser
  #toldProblem: string | undefined
  #isLooking = false

  /** `known` is the user as the broker was started with it. */
  constructor(path: string, known: OwnUser, parts: PasswordFileParts) {
    this.#path = path
    this.#known = known
    this.#parts = parts
    this.#timer = parts.clock.every(authLimits.passwordFileCheckMs, () => void this.look())
  }

  /** Takes over a password that has changed. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      this.#takeOver(await readPasswordFile(this.#path))
      this.#toldProblem = undefined
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== this.#toldProblem) {
        this.#parts.logger.error(`The password of user '${this.#known.name}' stays: ${reason}`)
      }
      this.#toldProblem = reason
    } finally {
      this.#isLooking = false
    }
  }

  [Symbol.dispose](): void {
    this.#timer.stop()
  }

  #takeOver(password: string): void {
    if (password === this.#known.password) return
    const { name } = this.#known
    this.#known = { name, password }
    this.#parts.users.setOwn(this.#known)
    this.#parts.logger.info(`The password of user '${name}' is the new one in ${this.#path}`)
  }
}
