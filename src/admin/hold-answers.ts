// Requests while the node may not serve (docs/cluster.md): they wait for a while, as the node usually serves again
// soon, and are refused then. Health, status and metrics answer at any time: they say that it is so.
import type { MiddlewareHandler } from 'hono'
import type { Clock } from '../lib/clock.ts'
import type { GateWaiter, ServingGate } from '../lib/serving-gate.ts'
import { networkLimits } from '../limits/network.ts'
import { comeAgain } from './answers.ts'
import type { ApiVariables } from './api/api.ts'

const noLease = 'This node has lost touch with PostgreSQL and does not know whether it still serves'

/** Has what is wrong with this node, for `pabal status`. */
const untouched: ReadonlySet<string> = new Set(['/api/v1/home'])

/** For routes whose answers may be old, or of something that another node owns by now. */
export function holdAnswers(gate: ServingGate, clock: Clock): MiddlewareHandler<ApiVariables> {
  return async (context, next) => {
    if (untouched.has(context.req.path)) return next()
    if (!(await opensInTime(gate, clock))) {
      return comeAgain(context, 503, { reason: noLease, seconds: 1 })
    }
    await next()
    const { body } = context.res
    if (await opensInTime(gate, clock)) {
      if (body !== null) context.res = inSteps(context.res, body, gate)
      return undefined
    }
    await body?.cancel().catch(() => undefined)
    const reason = `${noLease}. Whether it was done is not known: look before you ask again`
    context.res = undefined
    context.res = context.json({ error: 'gateway_timeout', reason }, 504)
    return undefined
  }
}

/** Each piece leaves when the node serves; a node that never does again ends the connection. */
function inSteps(answer: Response, body: ReadableStream<Uint8Array>, gate: ServingGate): Response {
  const pieces = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(piece, controller) {
        if (!gate.isOpen) await opens(gate)
        controller.enqueue(piece)
      },
    }),
  )
  return new Response(pieces, answer)
}

function opens(gate: ServingGate): Promise<void> {
  return new Promise((resolve, reject) => {
    gate.wait({ onGateOpened: resolve, onGateLost: () => reject(new Error(noLease)) })
  })
}

/** False when the node still does not serve after a while, or never will again. */
async function opensInTime(gate: ServingGate, clock: Clock): Promise<boolean> {
  if (gate.isOpen) return true
  return new Promise((resolve) => {
    const end = (isOpen: boolean): void => {
      timer.stop()
      gate.forget(waiter)
      resolve(isOpen)
    }
    const waiter: GateWaiter = {
      onGateOpened: () => end(true),
      onGateLost: () => end(false),
    }
    const timer = clock.after(networkLimits.frozenHttpMsMax, () => end(false))
    gate.wait(waiter)
  })
}
