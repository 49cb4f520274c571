// One view of the API: asked for again and again, told when it has changed.
import { hash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { liveLimits } from '../../limits/live.ts'

/** Answers a GET of a path below `/api`. */
export type AskView = (path: string) => Promise<Response>

interface Answer {
  readonly status: number
  /** JSON, in one line. */
  readonly body: string
}

export class LiveView {
  /** Its place among the views of its connection. */
  readonly index: number
  readonly path: string
  /** When it is to be made, in the time of `Clock.monotonic`. */
  dueAt = 0
  isBeingMade = false
  /** Milliseconds that it took the last time. */
  makingMs = 0
  /** Hash of what was told last. */
  #told: string | undefined

  constructor(index: number, path: string) {
    this.index = index
    this.path = path
  }

  /**
   * The event of it; undefined when it is as it was. `allMs` is what all views take together, with this one.
   * Never rejects.
   */
  async make(ask: AskView, clock: Clock, allMs: () => number): Promise<string | undefined> {
    const startedAt = clock.monotonic()
    const { status, body } = await answerOf(ask, this.path)
    this.makingMs = clock.monotonic() - startedAt
    const restMs = Math.max(
      status >= 500 ? liveLimits.faultMs : liveLimits.everyMs,
      liveLimits.restFactor * this.makingMs,
      liveLimits.restFactorOfAll * allMs(),
    )
    this.dueAt = startedAt + Math.min(restMs, liveLimits.everyMsMax)
    const data = `{"view":${this.index},"status":${status},"body":${body}}`
    const told = hash('sha256', data, 'base64')
    if (told === this.#told) return undefined
    this.#told = told
    return `event: view\ndata: ${data}\n\n`
  }
}

async function answerOf(ask: AskView, path: string): Promise<Answer> {
  try {
    const response = await ask(path)
    const { status } = response
    const type = response.headers.get('content-type')
    if (type !== null && !/^application\/json\b/.test(type)) {
      await response.body?.cancel()
      return refusal(400, 'no_json', `It answers ${type}, and views are JSON`)
    }
    const body = await textOf(response)
    if (body === undefined) {
      const reason = `It is larger than ${liveLimits.answerSizeMax} bytes: ask for a page, or for fewer columns`
      return refusal(413, 'too_large', reason)
    }
    // Between the parts of JSON a line end means nothing; within an event it does.
    return { status, body: body === '' ? 'null' : body.replaceAll(/[\r\n]/g, ' ') }
  } catch {
    // A part of the answer could not be made.
    return refusal(500, 'internal_error', 'Internal Server Error')
  }
}

function refusal(status: number, error: string, reason: string): Answer {
  return { status, body: JSON.stringify({ error, reason }) }
}

/** Undefined when it is too large; the rest of it is not made then. */
async function textOf({ body }: Response): Promise<string | undefined> {
  if (body === null) return ''
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > liveLimits.answerSizeMax) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
