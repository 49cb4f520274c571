// Asks before something is done that cannot be undone, or that touches more than one sees.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useRun } from '../lib/use-run.ts'
import { AsCommand } from './as-command.tsx'
import { Field } from './field.tsx'
import { FormEnd } from './form-end.tsx'
import './confirm.css'

export interface ConfirmProps {
  /** What it does, as a question or an order: `Delete orders`. */
  readonly title: ComponentChildren
  /** The exact effect: "deletes `orders` and 25,264 messages; 3 consumers lose it". */
  readonly effect: ComponentChildren
  /** What has to be typed first; for what takes whole streams along. */
  readonly typed?: string
  /** A verb with its object: "Delete orders". */
  readonly verb: string
  readonly kind?: 'danger' | 'primary'
  readonly cli?: string | undefined
  readonly curl?: string | undefined
  /** The dialog closes when it is done, and says what went wrong when it is not. */
  readonly run: () => Promise<unknown>
  readonly onClose: () => void
  /** Choices that belong to it. */
  readonly children?: ComponentChildren
  /** It cannot be done yet: what it would touch is not known. */
  readonly isDisabled?: boolean
}

export function Confirm(props: ConfirmProps): JSX.Element {
  const { title, effect, typed, verb, kind = 'danger', cli, curl, onClose, children } = props
  const [text, setText] = useState('')
  const work = useRun()
  const isLeft = useRef(false)
  const leave = (): void => {
    isLeft.current = true
    onClose()
  }
  const isReady = (typed === undefined || text === typed) && props.isDisabled !== true
  const submit = (event: Event): void => {
    event.preventDefault()
    if (!isReady) return
    // Whoever has left it meanwhile may have opened another one.
    work.start(() => props.run().then(() => isLeft.current || onClose()))
  }
  return (
    <Dialog onClose={leave}>
      <form class="confirm" onSubmit={submit}>
        <h2>{title}</h2>
        <p>{effect}</p>
        {children}
        {typed !== undefined && (
          <Field
            label={
              <>
                Type <b class="mono">{typed}</b> to go on
              </>
            }
          >
            <input
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={text}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </Field>
        )}
        <FormEnd run={work} verb={verb} kind={kind} isDisabled={!isReady} onClose={leave} />
        {(cli ?? curl) !== undefined && <AsCommand cli={cli} curl={curl} />}
      </form>
    </Dialog>
  )
}

/** A window over the page that has the focus until it is closed. */
export function Dialog({
  onClose,
  children,
  label,
}: {
  readonly onClose: () => void
  readonly children: ComponentChildren
  readonly label?: string
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const isGone = useRef(false)
  // Not after the next frame, when somebody may have pressed a key, or opened another one.
  useLayoutEffect(() => {
    const opened = dialog.current
    opened?.showModal()
    return () => {
      isGone.current = true
      // It gives the focus back.
      opened?.close()
    }
  }, [])
  // At once: the browser tells that it has closed in a task of its own, before which another dialog may be opened.
  const closeByKey = (event: Event): void => {
    // A field for files has such an event, too, when nobody chooses one.
    if (event.target !== dialog.current) return
    event.preventDefault()
    onClose()
  }
  const closed = (): void => {
    if (!isGone.current) onClose()
  }
  const closeOutside = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose()
  }
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      onCancel={closeByKey}
      onClose={closed}
      onMouseDown={closeOutside}
    >
      {children}
    </dialog>
  )
}
