// Programmer errors end the process. A failed assertion is thrown where it is found, and once more
// outside of every caller, so that no `catch` on the way can turn it into something smaller.

/** A rule of the program itself is broken: its memory is no longer to be trusted. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'

  constructor(message: string) {
    super(`Assertion failed: ${message}`)
  }
}

/** Called once for each failed assertion, before it is thrown. */
type FailureListener = (error: AssertionError) => void

/** Microtasks run before the event loop's next step: nothing is written or committed in between. */
function throwOutside(error: AssertionError): void {
  queueMicrotask(() => {
    throw error
  })
}

let onFailure: FailureListener = throwOutside

/** Ends the process when `condition` does not hold; never used for bad input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (condition) return
  const error = new AssertionError(message)
  onFailure(error)
  throw error
}

/** Runs `action` with failures told to `listener` instead of ending the process: for tests of guards. */
export function withFailuresTold<T>(listener: FailureListener, action: () => T): T {
  const before = onFailure
  onFailure = listener
  try {
    return action()
  } finally {
    onFailure = before
  }
}
