// Short words that go by themselves, read out to those who do not see them.
import { type Signal, signal } from '@preact/signals'
import type { JSX } from 'preact'
import './toast.css'

interface Toast {
  readonly id: number
  readonly text: string
}

const toasts: Signal<readonly Toast[]> = signal([])
const shownMs = 4000
const shownMax = 3
let lastId = 0

export function toast(text: string): void {
  const id = ++lastId
  toasts.value = [...toasts.peek(), { id, text }].slice(-shownMax)
  setTimeout(() => {
    toasts.value = toasts.peek().filter((each) => each.id !== id)
  }, shownMs)
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text }) => (
        <p key={id} class="toast">
          {text}
        </p>
      ))}
    </div>
  )
}
