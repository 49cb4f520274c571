// The one user that the settings name, whom nobody changes here.
import { useLive } from '../../lib/live.ts'

interface Setting {
  readonly setting: string
  readonly value: unknown
}

/** Undefined until it is known. */
export function useSettingsUser(): string | undefined {
  const { data } = useLive<readonly Setting[]>('/v1/config')
  if (data === undefined) return undefined
  const user = data.find(({ setting }) => setting === 'user')?.value
  return typeof user === 'string' ? user : 'guest'
}
