// Fields of forms, with their label, what they are for, and what is wrong with them.
import type { ComponentChildren, JSX } from 'preact'
import './field.css'

export interface FieldProps {
  readonly label: ComponentChildren
  readonly hint?: ComponentChildren
  readonly problem?: string | undefined
  /** The input, select or textarea. */
  readonly children: ComponentChildren
  /** Label and field in one line. */
  readonly isInline?: boolean
}

export function Field({ label, hint, problem, children, isInline }: FieldProps): JSX.Element {
  return (
    <label class={isInline === true ? 'field field-inline' : 'field'}>
      <span class="field-label">{label}</span>
      {children}
      {hint !== undefined && <span class="field-hint">{hint}</span>}
      {problem !== undefined && (
        <span class="field-problem" role="alert">
          {problem}
        </span>
      )}
    </label>
  )
}

export interface ChoiceProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly { readonly value: T; readonly label: string }[]
  readonly onChange: (value: T) => void
}

/** A few choices side by side, of which one holds. */
export function Choice<T extends string>(props: ChoiceProps<T>): JSX.Element {
  const { label, value, options, onChange } = props
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  )
}
