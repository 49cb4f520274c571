// Filters of a view as chips: each says what it holds back, and goes with one click.
import type { ComponentChildren, JSX } from 'preact'
import './chips.css'

export interface ChipProps {
  readonly children: ComponentChildren
  /** For a chip that is switched on and off. */
  readonly isOn?: boolean
  readonly onClick?: () => void
  /** For a chip that is taken away. */
  readonly onRemove?: () => void
  readonly label?: string
  readonly title?: string
}

export function Chip({ children, isOn, onClick, onRemove, label, title }: ChipProps): JSX.Element {
  if (onRemove !== undefined) {
    return (
      <span class="chip chip-on" title={title}>
        {children}
        <button type="button" aria-label={`Remove ${label ?? 'filter'}`} onClick={onRemove}>
          ×
        </button>
      </span>
    )
  }
  return (
    <button
      type="button"
      class={isOn === true ? 'chip chip-on' : 'chip'}
      aria-pressed={isOn}
      title={title}
      onClick={onClick}
    >
      {children}
    </button>
  )
}

export interface SearchFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (text: string) => void
  readonly placeholder?: string | undefined
}

/** A field that filters what is below; `/` goes to the first of a page. */
export function SearchField({
  label,
  value,
  onChange,
  placeholder = label,
}: SearchFieldProps): JSX.Element {
  return (
    <input
      class="search-field"
      type="search"
      data-search=""
      aria-label={label}
      placeholder={placeholder}
      autocomplete="off"
      spellcheck={false}
      value={value}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}
