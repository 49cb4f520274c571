// argv → what to do. Settings alone, which is how nearly every broker is started, are read here; for
// anything else the library that knows all of the grammar is loaded (docs/decisions/0040).
import { settingKeys, settingName } from '../settings/settings.ts'
import type { SettingKey } from '../settings/settings.ts'
import type { Arguments } from './arguments.ts'

/**
 * Reads the arguments after the program's name. `--help` and `--version` print and ask for nothing.
 * Rejects with an `ExitError` with the usage code for anything it does not know.
 */
export async function readArguments(argv: readonly string[]): Promise<Arguments> {
  const plain = readSettings(argv)
  if (plain !== undefined) return plain
  const { readCommandLine } = await import('./command-line.ts')
  return readCommandLine(argv)
}

/** Reads `--name VALUE` and `--name=VALUE` of settings and --config; undefined for all else. */
export function readSettings(argv: readonly string[]): Arguments | undefined {
  const keys = new Map(settingKeys.map((key) => [`--${settingName(key)}`, key]))
  const flags = new Map<SettingKey, string>()
  let configFile: string | undefined
  for (let index = 0; index < argv.length; index++) {
    const [, name = '', inline] = /^(--[a-z-]+)(?:=([^]*))?$/.exec(argv[index] ?? '') ?? []
    const value = inline ?? argv[++index]
    if (value === undefined || (inline === undefined && value.startsWith('-'))) return undefined
    const key = keys.get(name)
    if (key !== undefined) flags.set(key, value)
    else if (name === '--config') configFile = value
    else return undefined
  }
  return { command: 'start', flags, configFile }
}
