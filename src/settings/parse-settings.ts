// Values as they are given → settings.
import { type Settings, settingKeys, settings } from './settings.ts'

/** A setting and what is wrong with its value. */
interface SettingProblem {
  readonly key: string
  readonly message: string
}

/** Checks `values` (typed or as text) and fills in the defaults. */
export function parseSettings(values: Readonly<Record<string, unknown>>): {
  readonly settings?: Settings
  readonly problems: readonly SettingProblem[]
} {
  const parsed: Record<string, unknown> = {}
  const problems: SettingProblem[] = []
  for (const key of settingKeys) {
    const { kind, default: preset } = settings[key]
    const given = values[key]
    const checked = given === undefined ? { value: preset } : kind(given)
    if ('problem' in checked) problems.push({ key, message: checked.problem })
    else parsed[key] = checked.value
  }
  for (const key of Object.keys(values)) {
    if (Object.hasOwn(settings, key)) continue
    problems.push({ key, message: `Unrecognized key: "${key}"` })
  }
  if (problems.length > 0) return { problems }
  return { settings: parsed as unknown as Settings, problems }
}
