// What is answered when a request fails through no fault of its client's.
import type { ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ApiVariables } from './api/api.ts'

/** Status 500, after `onFault` was told; what was thrown to be an answer is one. */
export function answerFault(onFault?: (error: Error) => void): ErrorHandler<ApiVariables> {
  return (error, context) => {
    if (error instanceof HTTPException) {
      const refusal = error.getResponse()
      return context.newResponse(refusal.body, refusal)
    }
    if (!isBrokenOff(error)) onFault?.(error)
    return context.text('Internal Server Error', 500)
  }
}

/** The client went in the middle of its request's body: nobody is there to be answered. */
function isBrokenOff(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET'
}
