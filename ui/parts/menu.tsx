// A button that opens a list of choices.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import './menu.css'

export interface MenuItem {
  readonly label: ComponentChildren
  readonly run?: () => void
  readonly to?: string
  readonly isDangerous?: boolean
  readonly isChosen?: boolean
  readonly isDisabled?: boolean
}

export interface MenuProps {
  /** What stands on the button. */
  readonly children: ComponentChildren
  /** What is chosen here; read out before what stands on the button. */
  readonly label: string
  readonly items: readonly MenuItem[]
  /** Stands above the choices. */
  readonly heading?: ComponentChildren
  readonly isQuiet?: boolean
}

export function Menu(props: MenuProps): JSX.Element {
  const { children, label, items, heading, isQuiet = false } = props
  const [isOpen, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (!isOpen) return undefined
    box.current?.querySelector<HTMLElement>('[role^=menuitem]')?.focus()
    const closeOutside = ({ target }: Event): void => {
      if (target instanceof Node && box.current?.contains(target) !== true) setOpen(false)
    }
    document.addEventListener('pointerdown', closeOutside)
    return () => document.removeEventListener('pointerdown', closeOutside)
  }, [isOpen])
  const close = (): void => {
    setOpen(false)
    box.current?.querySelector<HTMLElement>('.menu-button')?.focus()
  }
  return (
    <div class="menu" ref={box} onKeyDown={(event) => onMenuKey(event, isOpen, close)}>
      <button
        type="button"
        class={isQuiet ? 'menu-button menu-quiet' : 'menu-button button'}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {children !== label && <span class="unseen">{label}: </span>}
        {children}
        <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <div class="menu-list" role="menu" aria-label={label}>
          {heading !== undefined && <div class="menu-heading">{heading}</div>}
          {items.map((item, index) => (
            <Item key={index} {...item} close={close} />
          ))}
        </div>
      )}
    </div>
  )
}

function Item(props: MenuItem & { readonly close: () => void }): JSX.Element {
  const { label, run, to, isDangerous = false, isChosen, isDisabled = false, close } = props
  const classes = isDangerous ? 'menu-item menu-danger' : 'menu-item'
  if (to !== undefined) {
    return (
      <a class={classes} role="menuitem" href={to} tabIndex={-1} onClick={close}>
        {label}
      </a>
    )
  }
  const choose = (): void => {
    close()
    run?.()
  }
  return (
    <button
      type="button"
      class={classes}
      role={isChosen === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={isChosen}
      disabled={isDisabled}
      tabIndex={-1}
      onClick={choose}
    >
      {label}
    </button>
  )
}

function onMenuKey(event: KeyboardEvent, isOpen: boolean, close: () => void): void {
  if (!isOpen || !(event.currentTarget instanceof HTMLElement)) return
  if (event.key === 'Escape') {
    event.preventDefault()
    event.stopPropagation()
    close()
    return
  }
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
  const step = steps[event.key]
  if (step === undefined) return
  event.preventDefault()
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role^=menuitem]')]
  const at = items.findIndex((item) => item === document.activeElement)
  items[(at + step + items.length) % items.length]?.focus()
}
