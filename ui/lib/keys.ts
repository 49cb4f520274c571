// Keys that do something where no text is typed. What is bound last, wins; `?` lists all.
import { useLayoutEffect, useRef } from 'preact/hooks'

export interface KeyBinding {
  /** As `KeyboardEvent.key`, or two one after the other: `g s`. */
  readonly keys: string
  readonly does: string
  readonly run: (event: KeyboardEvent) => void
}

const bindings: KeyBinding[] = []
let prefix = ''
let prefixAt = 0

/** Two keys belong together when they come within this time. */
const togetherMs = 1200

export function bind(added: readonly KeyBinding[]): () => void {
  bindings.push(...added)
  return () => {
    for (const binding of added) bindings.splice(bindings.indexOf(binding), 1)
  }
}

/** Binds keys for as long as a component stands. What they run is that of the last rendering, however fast one types. */
export function useKeys(added: readonly KeyBinding[]): void {
  const latest = useRef(added)
  latest.current = added
  const keys = added.map((binding) => binding.keys).join('\n')
  // Whoever sees a component presses its keys, also before the next frame.
  useLayoutEffect(
    () =>
      bind(
        latest.current.map((binding, at) => ({
          ...binding,
          run: (event) => latest.current[at]?.run(event),
        })),
      ),
    [keys],
  )
}

/** What is bound now, the newest first, each key once. */
export function boundKeys(): KeyBinding[] {
  const byKeys = new Map<string, KeyBinding>()
  for (const binding of bindings.toReversed()) {
    if (!byKeys.has(binding.keys)) byKeys.set(binding.keys, binding)
  }
  return [...byKeys.values()]
}

export function watchKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return
    if (isTyping(event.target) || isDialogOpen()) return
    if (isPress(event)) return
    const isTogether = event.timeStamp - prefixAt < togetherMs
    const pair = isTogether && prefix !== '' ? `${prefix} ${event.key}` : event.key
    prefix = ''
    const found = boundKeys().find(({ keys }) => keys === pair || keys === event.key)
    const exact = boundKeys().find(({ keys }) => keys === pair) ?? found
    if (exact !== undefined) {
      event.preventDefault()
      exact.run(event)
    } else if (boundKeys().some(({ keys }) => keys.startsWith(`${event.key} `))) {
      prefix = event.key
      prefixAt = event.timeStamp
    }
  })
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]')
  )
}

/** Of the button or link that has the focus: it does what it says. */
function isPress({ key, target }: KeyboardEvent): boolean {
  if (key !== 'Enter' && key !== ' ') return false
  return (
    target instanceof Element &&
    target.matches('a[href], button, summary, [role=button], [role=option]')
  )
}

/** It has keys of its own, also when nothing in it has the focus: what is done has no button to press. */
export function isDialogOpen(): boolean {
  return document.querySelector('dialog[open]') !== null
}
