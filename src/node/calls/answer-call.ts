// Answers the calls of other nodes to a cell of this one. They come as requests on links between nodes, which no client
// can send.
import type { ServingGate } from '../../lib/serving-gate.ts'
import { CallError } from './call-error.ts'
import { decodeMessage, encodeMessage, readWhole } from './call-message.ts'
import type { CallHandlers, CallName, Message } from './calls.ts'

/** Where calls are on a link: no client's request begins so. */
export const callsPath = '/calls/'

/** A cell of this node, as far as calls go. */
export interface AskedCell {
  readonly handlers: CallHandlers
  /** Nothing leaves while it is shut. */
  readonly gate: Pick<ServingGate, 'isOpen' | 'wait'> | undefined
  readonly isServed: () => boolean
}

/**
 * Undefined for a request that is no call. Rejects when a handler fails unexpectedly. A node that stood still answers when
 * it knows that it has the cell still: what it remembers may be of a time that is over.
 */
export async function answerCall(
  request: Request,
  { handlers, gate, isServed }: AskedCell,
): Promise<Response | undefined> {
  const { pathname } = new URL(request.url)
  if (!pathname.startsWith(callsPath)) return undefined
  const name = pathname.slice(callsPath.length)
  try {
    if (!Object.hasOwn(handlers, name)) throw new CallError('refused', `there is no call ${name}`)
    const handler = handlers[name as CallName]
    const { content, body } = decodeMessage<never>(await readWhole(request))
    const message: Message<unknown> = await handler(content, { body, signal: request.signal })
    await whenOpen(gate)
    if (!isServed()) throw new CallError('unreachable', 'the cell has moved')
    return new Response(Uint8Array.from(encodeMessage(message)))
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    const status = error.failure === 'refused' ? 409 : 503
    return Response.json({ code: error.code, text: error.message }, { status })
  }
}

function whenOpen(gate: AskedCell['gate']): Promise<void> {
  if (gate === undefined || gate.isOpen) return Promise.resolve()
  return new Promise((resolve, reject) => {
    gate.wait({
      onGateOpened: resolve,
      onGateLost: () => reject(new CallError('unreachable', 'the node serves nothing any more')),
    })
  })
}
