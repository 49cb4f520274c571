import type { Kind } from './setting-kinds.ts'

/** What is said of every setting. */
export interface SettingRow<Value> {
  /** Checks a value that was given; one that was not is the default. */
  readonly kind: Kind<Exclude<Value, undefined>>
  readonly default: Value
  /** What stands after the flag in --help. */
  readonly placeholder: string
  /** What it does, as a sentence without the full stop. */
  readonly description: string
  /** Giving it makes sense only with this other one. */
  readonly needs?: 'tlsCert'
  /**
   * Of a port: the broker starts without it where this default is in use and nobody has asked for another one. It is
   * not worth a start, and two brokers on a machine need not know of it.
   */
  readonly mayBeTaken?: true
  /** What people are shown of a value that has a secret in it. */
  readonly shown?: (value: unknown) => unknown
}
