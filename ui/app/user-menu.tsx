// Who one is, and what one chose for this browser.
import type { JSX } from 'preact'
import { ask, isLoginNeeded } from '../lib/api.ts'
import { useLive } from '../lib/live.ts'
import { density, timeZone } from '../lib/preferences.ts'
import { Menu } from '../parts/menu.tsx'

interface WhoAmI {
  readonly name: string
  readonly tags: readonly string[]
}

export function UserMenu(): JSX.Element {
  const { data } = useLive<WhoAmI>('/whoami')
  const isCompact = density.value === 'compact'
  const isUtc = timeZone.value === 'UTC'
  return (
    <Menu
      isQuiet
      label="User"
      items={[
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
  await ask('DELETE', '/v1/session')
  isLoginNeeded.value = true
}
