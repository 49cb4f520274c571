// What somebody chose for this browser: kept in it, and nowhere else.
import { type Signal, effect, signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

export const theme: Signal<Theme> = kept('theme', 'system', ['system', 'light', 'dark'])
export const density: Signal<'normal' | 'compact'> = kept('density', 'normal', [
  'normal',
  'compact',
])
export const timeZone: Signal<'local' | 'UTC'> = kept('time-zone', 'local', ['local', 'UTC'])

function kept<T extends string>(name: string, usual: T, values: readonly T[]): Signal<T> {
  const key = `pabal.${name}`
  const stored = values.find((value) => value === readKept(key))
  const chosen = signal<T>(stored ?? usual)
  chosen.subscribe((value) => writeKept(key, value === usual ? undefined : value))
  return chosen
}

/** Undefined where nothing is kept, or where the browser keeps nothing. */
export function readKept(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

export function writeKept(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
}

/** Puts the choices where the style sheet sees them. */
export function showPreferences(): void {
  const { dataset } = document.documentElement
  effect(() => {
    if (theme.value === 'system') delete dataset['theme']
    else dataset['theme'] = theme.value
    dataset['density'] = density.value
  })
}
