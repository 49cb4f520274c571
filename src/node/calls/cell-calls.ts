// Asks the owner of a cell: in this process when that is this node, else by a request on a link between nodes.
import type { ClusterDoor } from '../../admin/api/where.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { callsPath } from './answer-call.ts'
import { CallError } from './call-error.ts'
import { decodeMessage, encodeMessage, readWhole } from './call-message.ts'
import type { CallHandlers, CallName, Calls, Message } from './calls.ts'

export interface CellCallsParts {
  readonly door: Pick<ClusterDoor, 'ask'>
  /** Those of a cell that this node serves. */
  readonly handlersOf: (cell: number) => CallHandlers | undefined
}

/** How long somebody waits for an answer, and what it brings along. */
export interface CallOptions {
  readonly body?: Buffer
  /** For the answer to begin; as long as a client waits for one by default. */
  readonly msMax?: number
  readonly signal?: AbortSignal
}

export class CellCalls {
  readonly #parts: CellCallsParts

  constructor(parts: CellCallsParts) {
    this.#parts = parts
  }

  /** Rejects with `CallError`. Whoever wants it done asks again. */
  async call<Name extends CallName>(
    cell: number,
    name: Name,
    args: Calls[Name]['args'],
    options: CallOptions = {},
  ): Promise<Message<Calls[Name]['result']> & { body: Buffer }> {
    const { body = nothing, signal = never } = options
    const handlers = this.#parts.handlersOf(cell)
    if (handlers === undefined) return this.#askElsewhere(cell, name, { ...options, args })
    const message = await handlers[name](args, { body, signal })
    return { content: message.content, body: message.body ?? nothing }
  }

  async #askElsewhere<Name extends CallName>(
    cell: number,
    name: Name,
    { args, body, msMax = clusterHttpLimits.callMs, signal = never }: Sent<Name>,
  ): Promise<Message<Calls[Name]['result']> & { body: Buffer }> {
    const bytes = encodeMessage({ content: args, body })
    const asked = {
      method: 'POST',
      url: callsPath + name,
      headers: {},
      caller: undefined,
      signal,
      body: new Blob([Uint8Array.from(bytes)]).stream(),
    }
    const patience = { ownerMs: 0, headMs: msMax }
    const answer = await this.#parts.door.ask({ cell }, asked, patience)
    const whole = await readWhole(answer)
    if (answer.ok) return decodeMessage(whole)
    throw failureOf(answer.status, whole)
  }
}

interface Sent<Name extends CallName> extends CallOptions {
  readonly args: Calls[Name]['args']
}

const nothing: Buffer = Buffer.alloc(0)
const never: AbortSignal = new AbortController().signal
const refusedStatus = 409

function failureOf(status: number, whole: Buffer): CallError {
  let said: { readonly code?: string; readonly text?: string; readonly reason?: string } = {}
  try {
    said = JSON.parse(whole.toString()) as typeof said
  } catch {
    // Whatever it was, it is no answer.
  }
  const text = said.text ?? said.reason ?? `the other node answered with status ${status}`
  if (status === refusedStatus) return new CallError('refused', text, { code: said.code ?? '' })
  return new CallError('unreachable', text, { mayBeDone: true })
}
