// The line at the top: where one is, what one looks for, whether what is shown is live, and who one is.
import type { JSX } from 'preact'
import { clockTime } from '../lib/format.ts'
import { now, streamState } from '../lib/live.ts'
import { type Theme, theme, timeZone } from '../lib/preferences.ts'
import { Mark } from './mark.tsx'
import { openPalette } from './palette-state.ts'
import { UserMenu } from './user-menu.tsx'
import './header.css'

export function Header(): JSX.Element {
  return (
    <header class="header">
      <a class="brand" href="/" aria-label="Pabal, home">
        <Mark />
        Pabal
      </a>
      <button type="button" class="header-search" onClick={() => openPalette()}>
        <span>Search or jump</span>
        <kbd>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <div class="header-end">
        <LiveState />
        <ThemeButton />
        <UserMenu />
      </div>
    </header>
  )
}

const isMac: boolean = navigator.userAgent.includes('Mac')

/** Whether values keep themselves up to date; when they do not, since when. */
function LiveState(): JSX.Element {
  const { kind, since } = streamState.value
  const time = clockTime(kind === 'broken' ? since : now.value, timeZone.value)
  const text = { connecting: 'connecting', live: 'live', broken: 'not live since' }[kind]
  return (
    <span class={`live live-${kind}`}>
      <span aria-hidden="true" class="live-dot" />
      <span role="status">{text}</span>
      {kind !== 'connecting' && <span class="number live-time">{time}</span>}
    </span>
  )
}

const nextTheme: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }

function ThemeButton(): JSX.Element {
  const label = `Theme: ${theme.value}. Change to ${nextTheme[theme.value]}`
  return (
    <button
      type="button"
      class="header-button theme-button"
      aria-label={label}
      title={label}
      onClick={() => (theme.value = nextTheme[theme.value])}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentcolor" stroke-width="1.5" />
        <path
          d={
            {
              system: 'M8 2a6 6 0 0 1 0 12z',
              light: '',
              dark: 'M8 2a6 6 0 0 1 0 12 6 6 0 0 1 0-12z',
            }[theme.value]
          }
          fill="currentcolor"
        />
      </svg>
    </button>
  )
}
