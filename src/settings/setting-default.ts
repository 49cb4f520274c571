import { formatSize } from './setting-kinds.ts'
import { type SettingKey, settings } from './settings.ts'

/** The default as one would write it (`16MiB`), or undefined when the setting starts out unset. */
export function settingDefault(key: SettingKey): string | undefined {
  const { default: preset, placeholder } = settings[key]
  if (typeof preset === 'boolean') return String(preset)
  if (typeof preset === 'object' && preset.length > 0) return preset.join(',')
  if (typeof preset !== 'number') return typeof preset === 'string' ? preset : undefined
  return placeholder === 'SIZE' ? formatSize(preset) : String(preset)
}
