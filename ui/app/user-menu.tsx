// Who one is, and what one chose for this browser.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { ask, caller, isLoginNeeded, setToken } from '../lib/api.ts'
import { useLive } from '../lib/live.ts'
import { density, type Theme, theme, timeZone } from '../lib/preferences.ts'
import { urlOf } from '../lib/router.ts'
import { Menu, type MenuItem } from '../parts/menu.tsx'

interface WhoAmI {
  readonly name: string
  readonly tags: readonly string[]
}

const themes: readonly (readonly [Theme, string])[] = [
  ['system', 'Light or dark as the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export function UserMenu(): JSX.Element {
  const { data } = useLive<WhoAmI>('/whoami')
  const name = data?.name
  useEffect(() => {
    if (name !== undefined) caller.value = name
  }, [name])
  const isCompact = density.value === 'compact'
  const isUtc = timeZone.value === 'UTC'
  const isAdministrator = data?.tags.includes('administrator') === true
  const own: MenuItem[] = isAdministrator
    ? [{ label: 'What I may do', to: urlOf('/access', { user: data?.name }) }]
    : []
  return (
    <Menu
      isQuiet
      label="User"
      heading={
        data && (
          <>
            <b class="mono">{data.name}</b>
            <br />
            {data.tags.length === 0 ? 'without a tag' : data.tags.join(', ')}
          </>
        )
      }
      items={[
        ...own,
        ...themes.map(([value, label]) => ({
          label,
          isChosen: theme.value === value,
          run: () => {
            theme.value = value
          },
        })),
        {
          label: 'Compact rows',
          isChosen: isCompact,
          run: () => (density.value = isCompact ? 'normal' : 'compact'),
        },
        {
          label: 'Times in UTC',
          isChosen: isUtc,
          run: () => (timeZone.value = isUtc ? 'local' : 'UTC'),
        },
        { label: 'Log out', run: () => void logOut() },
      ]}
    >
      <span class="mono">{data?.name ?? '…'}</span>
    </Menu>
  )
}

async function logOut(): Promise<void> {
  setToken(undefined)
  await ask('DELETE', '/v1/session').catch(() => undefined)
  isLoginNeeded.value = true
}
