// Tries again what a store of objects did not do, until whoever asked has had enough. A store that is away has lost
// nothing; not even its "there is no such object" is believed of one that has a name, until patience is over.
import type { Clock } from '../../../lib/clock.ts'
import type { Random } from '../../../lib/random.ts'
import { wait } from '../../../lib/wait.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { DiskError } from '../../file/disk-error.ts'
import type { RequestLimits } from './object-store.ts'

/** A try that failed. */
export interface RequestTrouble {
  /** Such as "get c3/e17/…". */
  readonly request: string
  readonly error: DiskError
  /** How often it has been tried. */
  readonly tries: number
  /** Since the first try began, in milliseconds. */
  readonly forMs: number
}

export interface PatienceOptions {
  readonly clock: Clock
  readonly random: Random
  /** After each try that failed: for alarms, which are for the owner of the store to gather. */
  readonly onTrouble?: ((trouble: RequestTrouble) => void) | undefined
  /** Something that had failed was done. */
  readonly onDone?: ((request: string, tries: number) => void) | undefined
}

export interface PatientRequest<T> {
  readonly name: string
  readonly limits?: RequestLimits | undefined
  readonly attempt: () => Promise<T>
  /** Errors for which another try is no use. */
  readonly isFinal?: ((error: DiskError) => boolean) | undefined
}

export class RequestPatience {
  readonly #options: PatienceOptions

  constructor(options: PatienceOptions) {
    this.#options = options
  }

  /** Resolves with the first try that succeeds. Rejects with the error of the last one. */
  async run<T>(request: PatientRequest<T>): Promise<T> {
    const { name, limits = {}, attempt, isFinal } = request
    const { clock, onDone, onTrouble } = this.#options
    const beganAt = clock.monotonic()
    for (let tries = 1; ; tries++) {
      try {
        limits.signal?.throwIfAborted()
        const result = await attempt()
        if (tries > 1) onDone?.(name, tries)
        return result
      } catch (error) {
        if (limits.signal?.aborted === true) throw abandonedError(name, error)
        if (!isWorthRetrying(error) || isFinal?.(error) === true) throw error
        const forMs = clock.monotonic() - beganAt
        onTrouble?.({ request: name, error, tries, forMs })
        const pauseMs = this.#pauseAfter(tries)
        if (forMs + pauseMs > (limits.patienceMs ?? Infinity)) throw lastError(error, tries, forMs)
        await wait(clock, pauseMs, limits.signal)
      }
    }
  }

  #pauseAfter(tries: number): number {
    const { retryMs, retryMsMax } = objectLimits
    const longest = Math.min(retryMs * 2 ** (tries - 1), retryMsMax)
    return longest * (0.5 + this.#options.random.next() / 2)
  }
}

/** An error of the store itself. A lost epoch does not come back, and our own mistakes do not go away. */
function isWorthRetrying(error: unknown): error is DiskError {
  return error instanceof DiskError && error.kind !== 'fenced'
}

function lastError(error: DiskError, tries: number, forMs: number): DiskError {
  const seconds = (forMs / 1000).toFixed(1)
  const message = `${error.message} (tried ${tries} times in ${seconds} s)`
  return new DiskError(error.kind, message, { cause: error, place: error.place })
}

function abandonedError(request: string, cause: unknown): DiskError {
  return new DiskError('io', `${request}: given up by whoever asked`, { cause })
}
