// What the command line asks for.
import type { SettingKey } from '../settings/settings.ts'
import type { AskBroker } from './remote-command.ts'

export type CommandName = 'start' | 'verify' | 'repair'

/** What the command line asks for. */
export interface Arguments {
  readonly command: CommandName | 'ask' | 'nothing'
  readonly flags: ReadonlyMap<SettingKey, string>
  readonly configFile: string | undefined
  /** `repair` only: report what would be changed. */
  readonly isDryRun: boolean
  /** Commands for a running broker only: what to ask it. */
  readonly ask?: AskBroker
}
