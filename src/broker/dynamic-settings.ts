// Settings that clients change while the broker runs, of everything but topics: of the broker, of groups,
// of metrics subscriptions, of quotas, and the global parameters of RabbitMQ's clients. They are kept in the log, under
// the names that clients have for them; what each of them means is for others to say.
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import { BrokerError } from './broker-error.ts'

/** What has settings. The broker has some under its id, and others, under '', for all brokers. */
export type SettingOwner =
  | 'broker'
  | 'group'
  | 'client-metrics'
  | 'client-quota'
  | 'cluster'
  | 'parameter'

export type SettingValues = Readonly<Record<string, string>>

const keyPrefix = 'setting/'
const owners: readonly SettingOwner[] = [
  'broker',
  'group',
  'client-metrics',
  'client-quota',
  'cluster',
  'parameter',
]
const none: SettingValues = {}

export class DynamicSettings {
  readonly #store: LogStore
  readonly #values: Readonly<Record<SettingOwner, Map<string, SettingValues>>> = {
    broker: new Map(),
    group: new Map(),
    'client-metrics': new Map(),
    'client-quota': new Map(),
    cluster: new Map(),
    parameter: new Map(),
  }

  /** Told of each change. */
  watcher: ((owner: SettingOwner, name: string) => void) | undefined

  constructor(store: LogStore) {
    this.#store = store
  }

  /** Takes over what the log's keyed state has. */
  restore(state: ReadonlyMap<string, Buffer>): void {
    for (const [key, value] of state) {
      // Most of the state is of others: producers, groups, offsets.
      if (!key.startsWith(keyPrefix)) continue
      const owner = owners.find((each) => key.startsWith(keyOf(each, '')))
      if (owner === undefined) continue
      const name = key.slice(keyOf(owner, '').length)
      this.#values[owner].set(name, JSON.parse(value.toString()) as SettingValues)
    }
  }

  get(owner: SettingOwner, name: string): SettingValues {
    return this.#values[owner].get(name) ?? none
  }

  /** Names of those that have settings. */
  names(owner: SettingOwner): IterableIterator<string> {
    return this.#values[owner].keys()
  }

  /** What a broker has of its own, else what is set for all brokers; undefined when nobody set it. */
  ofBroker(brokerId: string, setting: string): string | undefined {
    return this.get('broker', brokerId)[setting] ?? this.get('broker', '')[setting]
  }

  count(owner: SettingOwner): number {
    return this.#values[owner].size
  }

  /** Replaces all settings; without any it is forgotten. Throws `resource_exhausted`. */
  put(owner: SettingOwner, name: string, values: SettingValues): Ticket | undefined {
    const isEmpty = Object.keys(values).length === 0
    this.#store.beginAtom()
    const isKept = this.#store.putState(
      keyOf(owner, name),
      isEmpty ? undefined : Buffer.from(JSON.stringify(values)),
    )
    const ticket = this.#store.endAtom()
    if (!isKept) throw new BrokerError('resource_exhausted', 'There are too many settings.')
    if (isEmpty) this.#values[owner].delete(name)
    else this.#values[owner].set(name, values)
    this.watcher?.(owner, name)
    return ticket
  }
}

function keyOf(owner: SettingOwner, name: string): string {
  return `${keyPrefix}${owner}/${name}`
}
