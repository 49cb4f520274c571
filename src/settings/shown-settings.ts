import { type SettingKey, settingKeys, settingName, type Settings, settings } from './settings.ts'

/** A setting as people are shown it. */
export interface ShownSetting {
  /** As in `pabal.yaml`. */
  readonly setting: string
  readonly value: unknown
  /** A flag, a variable or a file; `default` for what nobody gave. */
  readonly origin: string
  /** What it is for. */
  readonly description: string
}

/** All of them; passwords are in files, whose names are shown, or left out. */
export function shownSettings(
  values: Settings,
  origins: ReadonlyMap<SettingKey, string>,
): ShownSetting[] {
  return settingKeys.map((key) => ({
    setting: settingName(key),
    value: shownValue(key, values[key]),
    origin: origins.get(key) ?? 'default',
    description: settings[key].description,
  }))
}

function shownValue(key: SettingKey, value: unknown): unknown {
  const { shown } = settings[key]
  return (shown === undefined ? value : shown(value)) ?? null
}
