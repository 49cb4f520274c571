// What changes at the home of topics, by versions. Cells follow by long polls, so that a change reaches them at once.
//
// Invariant: a cell that names a version has been told everything up to it.
import type { Clock } from '../../lib/clock.ts'
import { Condition } from '../../lib/condition.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { FollowedVersion, HomeVersion } from '../calls/calls.ts'

/** `changed` is undefined when everything is to be told: changes since then are not known. */
export interface ChangesSince<Thing> {
  readonly version: HomeVersion
  readonly changed: Thing[] | undefined
}

export class ChangeBoard<Thing> implements Disposable {
  readonly #epoch: number
  readonly #condition: Condition
  #version = 0
  /** The last change of each thing, in the order of their versions. */
  readonly #changes = new Map<string, { readonly version: number; readonly thing: Thing }>()
  /** Changes up to it are not remembered any more. */
  #forgottenVersion = 0

  /** `epoch`: of the home, as versions of another owner mean nothing. */
  constructor(epoch: number, clock: Clock) {
    this.#epoch = epoch
    this.#condition = new Condition(clock)
  }

  get version(): number {
    return this.#version
  }

  note(key: string, thing: Thing): void {
    this.#version++
    // To the end: those that are asked for begin behind a version.
    this.#changes.delete(key)
    this.#changes.set(key, { version: this.#version, thing })
    for (const [oldest, { version }] of this.#changes) {
      if (this.#changes.size <= clusterHttpLimits.topicChangesMax) break
      this.#changes.delete(oldest)
      this.#forgottenVersion = version
    }
    this.#condition.notifyAll()
  }

  /** The version that a cell has of this owner of the home; -1: of none. */
  knownOf({ since, homeEpoch }: FollowedVersion): number {
    return homeEpoch === this.#epoch ? since : -1
  }

  /** Answers when there is something to say, or after a while. */
  async follow(asked: FollowedVersion, signal: AbortSignal): Promise<ChangesSince<Thing>> {
    const known = this.knownOf(asked)
    if (known === this.#version) {
      await this.#condition.wait(clusterHttpLimits.topicsFollowMs, signal)
    }
    const version = { version: this.#version, homeEpoch: this.#epoch }
    return { version, changed: this.#since(known) }
  }

  [Symbol.dispose](): void {
    this.#condition.notifyAll()
  }

  #since(known: number): Thing[] | undefined {
    if (known < 0 || known < this.#forgottenVersion) return undefined
    return Array.from(this.#changes.values()).flatMap(({ version, thing }) =>
      version > known ? [thing] : [],
    )
  }
}
