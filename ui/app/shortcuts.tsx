// What keys open over any page: the palette to jump anywhere, and the list of keys.
import type { ComponentType, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { boundKeys, useKeys } from '../lib/keys.ts'
import { Dialog } from '../parts/confirm.tsx'
import { toast } from '../parts/toast.tsx'
import { openPalette, shortcut } from './palette-state.ts'
import './shortcuts.css'

export function Shortcuts(): JSX.Element | null {
  useKeys([
    { keys: '?', does: 'list the keys', run: () => (shortcut.value = 'keys') },
    { keys: '/', does: 'filter what is shown', run: focusSearch },
  ])
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return
      event.preventDefault()
      openPalette()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  if (shortcut.value === 'keys') return <KeyList onClose={close} />
  if (shortcut.value === 'palette') return <LazyPalette onClose={close} />
  return null
}

function close(): void {
  shortcut.value = undefined
}

/** To the field of the page that filters it; pages without one have the palette. */
function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('[data-search]')
  if (field === null) openPalette()
  else field.select()
}

type PaletteComponent = ComponentType<{ readonly onClose: () => void }>

/** Its code is no part of the first view. */
function LazyPalette({ onClose }: { readonly onClose: () => void }): JSX.Element | null {
  const [Palette, setPalette] = useState<PaletteComponent>()
  useEffect(() => {
    import('./palette.tsx').then(
      (module) => setPalette(() => module.Palette),
      () => {
        onClose()
        toast('This page is older than its broker: load it again')
      },
    )
  }, [])
  return Palette === undefined ? null : <Palette onClose={onClose} />
}

function KeyList({ onClose }: { readonly onClose: () => void }): JSX.Element {
  return (
    <Dialog onClose={onClose} label="Keys">
      <div class="key-list">
        <h2>Keys</h2>
        <dl>
          {boundKeys()
            .toSorted((a, b) => a.keys.localeCompare(b.keys))
            .map(({ keys, does }) => (
              <div key={keys}>
                <dt>
                  {keys.split(' ').map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
        </dl>
        <p class="soft">
          <kbd>⌘K</kbd> or <kbd>Ctrl K</kbd> jumps anywhere, <kbd>Escape</kbd> closes.
        </p>
      </div>
    </Dialog>
  )
}
