// The state of what a form or a button does: whether it is under way, and what went wrong.
import { useRef, useState } from 'preact/hooks'

export interface Run {
  readonly isBusy: boolean
  /** Of the last start. */
  readonly problem: string | undefined
  readonly start: (work: () => Promise<unknown>) => void
}

/** `tell` hears of each problem, for those that do not show it beside them. */
export function useRun(tell?: (problem: string) => void): Run {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const isRunning = useRef(false)
  const start = (work: () => Promise<unknown>): void => {
    // A second click may come before the button is drawn as busy.
    if (isRunning.current) return
    isRunning.current = true
    setBusy(true)
    setProblem(undefined)
    work()
      .catch((error: unknown) => {
        const text = problemText(error)
        setProblem(text)
        tell?.(text)
      })
      .finally(() => {
        isRunning.current = false
        setBusy(false)
      })
  }
  return { isBusy, problem, start }
}

/** What went wrong, in words. */
export function problemText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
