// What the command line asks for.
import type { SettingKey } from '../settings/settings.ts'

export type CommandName = 'start' | 'verify' | 'repair'

/** What the command line asks for. */
export interface Arguments {
  readonly command: CommandName | 'nothing'
  readonly flags: ReadonlyMap<SettingKey, string>
  readonly configFile: string | undefined
  /** `repair` only: report what would be changed. */
  readonly isDryRun: boolean
}
