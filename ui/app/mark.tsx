// The mark of Pabal.
import type { JSX } from 'preact'

export function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" class="brand-mark">
      <rect width="32" height="32" rx="7" />
      <path d="M9 25V8h8.2a5.6 5.6 0 0 1 0 11.2H9" />
      <circle cx="22.5" cy="24" r="2.1" />
    </svg>
  )
}
