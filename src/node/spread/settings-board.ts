// Settings that clients change and that every cell acts on: of brokers, of groups, and quotas. Their home tells the other
// cells, so that a change counts everywhere a moment later.
import type { DynamicSettings, SettingOwner } from '../../broker/dynamic-settings.ts'
import type { Clock } from '../../lib/clock.ts'
import type { FollowedVersion, FollowSettingsResult, SettingsOf } from '../calls/calls.ts'
import { ChangeBoard } from './change-board.ts'

/** Whose settings it is. */
export type SettingsName = Pick<SettingsOf, 'owner' | 'name'>

export interface SettingsBoardParts {
  readonly settings: DynamicSettings
  /** Of the home. */
  readonly epoch: number
  readonly clock: Clock
}

export class SettingsBoard implements Disposable {
  readonly #settings: DynamicSettings
  readonly #changes: ChangeBoard<SettingsName>

  constructor({ settings, epoch, clock }: SettingsBoardParts) {
    this.#settings = settings
    this.#changes = new ChangeBoard(epoch, clock)
    settings.watcher = (owner, name) => {
      if (followedOwners.includes(owner)) this.#changes.note(`${owner}/${name}`, { owner, name })
    }
  }

  /** Answers when there is something to say, or after a while. */
  async follow(asked: FollowedVersion, signal: AbortSignal): Promise<FollowSettingsResult> {
    const { version, changed } = await this.#changes.follow(asked, signal)
    const names = changed ?? followedSettings(this.#settings)
    const settings = names.map(({ owner, name }) => {
      return { owner, name, values: this.#settings.get(owner, name) }
    })
    return { ...version, isWhole: changed === undefined, settings }
  }

  [Symbol.dispose](): void {
    this.#settings.watcher = undefined
    this.#changes[Symbol.dispose]()
  }
}

/** Of the others nobody needs to know but the home. */
const followedOwners: readonly SettingOwner[] = ['broker', 'group', 'client-quota']

export function followedSettings(settings: DynamicSettings): SettingsName[] {
  return followedOwners.flatMap((owner) =>
    Array.from(settings.names(owner), (name) => ({ owner, name })),
  )
}
