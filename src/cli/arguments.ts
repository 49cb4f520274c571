// What the command line asks for.
import type { SettingKey } from '../settings/settings.ts'
import type { BrokerFlags } from './broker-place.ts'
import type { Action } from './remote-command.ts'

/** What the command line asks for. */
export interface Arguments {
  readonly command: 'start' | 'run' | 'nothing'
  /** Settings that were given. */
  readonly flags: ReadonlyMap<SettingKey, string>
  readonly configFile: string | undefined
  /** Which broker was named; of commands that ask one. */
  readonly broker?: BrokerFlags
  /** What to do; of commands but `start`. */
  readonly run?: Action
}
