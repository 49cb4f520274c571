// A cell that acts on settings which another cell keeps: it follows them, and has them in its own log, so that they count
// from its start on, whoever else is there.
import type { Broker } from '../../broker/broker.ts'
import type { SettingValues } from '../../broker/dynamic-settings.ts'
import { quotaEntityOf } from '../../broker/quota/quota-entity.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type {
  FollowedVersion,
  FollowSettingsResult,
  HomeVersion,
  SettingsOf,
} from '../calls/calls.ts'
import { HomeFollower } from './home-follower.ts'
import { followedSettings } from './settings-board.ts'

export interface SettingsFollowerParts {
  readonly broker: Pick<Broker, 'settings' | 'quotas' | 'onRetentionChanged'>
  /** Asks the home. Rejects with `CallError`. */
  readonly ask: (followed: FollowedVersion, signal: AbortSignal) => Promise<FollowSettingsResult>
  readonly clock: Clock
  readonly logger: Logger
}

export class SettingsFollower implements AsyncDisposable {
  readonly #parts: SettingsFollowerParts
  readonly #follower: HomeFollower

  constructor(parts: SettingsFollowerParts) {
    this.#parts = parts
    const { clock, logger } = parts
    this.#follower = new HomeFollower({
      what: "Changes of Kafka's settings",
      round: (followed, signal) => this.#round(followed, signal),
      clock,
      logger,
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#follower[Symbol.asyncDispose]()
  }

  async #round(followed: FollowedVersion, signal: AbortSignal): Promise<HomeVersion> {
    const result = await this.#parts.ask(followed, signal)
    this.#take(result)
    return result
  }

  #take({ isWhole, settings }: FollowSettingsResult): void {
    if (isWhole) {
      const kept = new Set(settings.map(({ owner, name }) => `${owner}/${name}`))
      for (const { owner, name } of followedSettings(this.#parts.broker.settings)) {
        if (!kept.has(`${owner}/${name}`)) this.#put({ owner, name, values: {} })
      }
    }
    for (const each of settings) this.#put(each)
  }

  #put({ owner, name, values }: SettingsOf): void {
    const { broker } = this.#parts
    if (isSame(broker.settings.get(owner, name), values)) return
    if (owner === 'client-quota') {
      const rates = Object.entries(values).map(([quota, value]) => [quota, Number(value)])
      broker.quotas.put(quotaEntityOf(name), Object.fromEntries(rates))
    } else broker.settings.put(owner, name, values)
    if (owner === 'broker') broker.onRetentionChanged()
  }
}

function isSame(left: SettingValues, right: SettingValues): boolean {
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
  )
}
