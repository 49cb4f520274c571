// The end of a form: what went wrong, and the buttons.
import type { JSX } from 'preact'
import type { Run } from '../lib/use-run.ts'
import { Button } from './button.tsx'
import './form-end.css'

export interface FormEndProps {
  /** Left out by forms that are done at once. */
  readonly run?: Pick<Run, 'isBusy' | 'problem'>
  /** A verb with its object, which sends the form. */
  readonly verb: string
  readonly kind?: 'primary' | 'danger'
  readonly isDisabled?: boolean
  /** What the other button says. */
  readonly cancel?: string
  readonly onClose: () => void
}

export function FormEnd(props: FormEndProps): JSX.Element {
  const { run, verb, kind = 'primary', isDisabled = false, cancel = 'Cancel', onClose } = props
  return (
    <>
      <FormProblem problem={run?.problem} />
      <div class="form-buttons">
        <Button onClick={onClose}>{cancel}</Button>
        <Button type="submit" kind={kind} isDisabled={isDisabled} isBusy={run?.isBusy ?? false}>
          {verb}
        </Button>
      </div>
    </>
  )
}

/** Says what went wrong, when something did. */
export function FormProblem({
  problem,
}: {
  readonly problem: string | undefined
}): JSX.Element | null {
  if (problem === undefined) return null
  return (
    <p class="form-problem" role="alert">
      {problem}
    </p>
  )
}
