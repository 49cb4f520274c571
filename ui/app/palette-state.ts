// Whether the palette (⌘K) or the list of keys (?) stands open.
import { type Signal, signal } from '@preact/signals'

export const shortcut: Signal<'palette' | 'keys' | undefined> = signal(undefined)

export function openPalette(): void {
  shortcut.value = 'palette'
}
