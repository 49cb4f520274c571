// Buttons: a verb with its object.
import type { ComponentChildren, JSX } from 'preact'
import './button.css'

export interface ButtonProps {
  readonly children: ComponentChildren
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet'
  readonly onClick?: (event: MouseEvent) => void
  readonly type?: 'button' | 'submit'
  readonly isDisabled?: boolean
  /** Its work goes on: it takes no click and says so. */
  readonly isBusy?: boolean
  readonly title?: string
  readonly label?: string
  readonly isPressed?: boolean
}

export function Button({
  children,
  kind = 'plain',
  type = 'button',
  isDisabled = false,
  isBusy = false,
  label,
  isPressed,
  ...rest
}: ButtonProps): JSX.Element {
  return (
    <button
      class={`button button-${kind}`}
      type={type}
      disabled={isDisabled || isBusy}
      aria-busy={isBusy}
      aria-label={label}
      aria-pressed={isPressed}
      {...rest}
    >
      {children}
    </button>
  )
}

/** Looks like a button, and is a link. */
export function ButtonLink({
  children,
  to,
  kind = 'plain',
}: {
  readonly children: ComponentChildren
  readonly to: string
  readonly kind?: 'plain' | 'primary' | 'quiet'
}): JSX.Element {
  return (
    <a class={`button button-${kind}`} href={to}>
      {children}
    </a>
  )
}
