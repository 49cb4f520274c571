// What views of one path share whose callers see the same: it is made once for all of them.
import { hash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { liveLimits } from '../../limits/live.ts'
import { missingHeader } from '../cluster/missing-header.ts'

/** Answers a GET of a path below `/api`. */
export type AskView = (path: string) => Promise<Response>

/** One answer, for whoever waits for it. */
export interface Made {
  /** `"status": …, "missing": …, "body": …` as JSON, in one line; `missing` only where something is. */
  readonly data: string
  /** Another where `data` is another. */
  readonly hash: string
  /** When it is to be made again, in the time of `Clock.monotonic`. */
  readonly dueAt: number
}

export interface LiveSourceParts {
  readonly path: string
  readonly ask: AskView
  readonly clock: Clock
  /** Milliseconds that all sources would take together, with this one, if those of each user took the same. */
  readonly allMs: () => number
  /** Calls back when there is room to make one more, and once when that is done. */
  readonly inTurn: <T>(make: () => Promise<T>) => Promise<T>
}

export class LiveSource {
  /** Milliseconds that it took the last time. */
  makingMs = 0
  /** Nobody waits for it any more. */
  isAbandoned = false
  readonly #parts: LiveSourceParts
  #underWay: Promise<Made> | undefined
  /** Waits for its turn. */
  #next: Promise<Made> | undefined

  constructor(parts: LiveSourceParts) {
    this.#parts = parts
  }

  /** Makes it from now on: one that has begun may be from before its caller has changed something. Never rejects. */
  make(): Promise<Made> {
    this.#next ??= this.#begin(this.#underWay)
    return this.#next
  }

  /** The one that has begun, or a new one. */
  join(): Promise<Made> {
    return this.#underWay ?? this.make()
  }

  /** Many may ask for a new one at once: one is made after the other, and all who wait get the next. */
  async #begin(before: Promise<Made> | undefined): Promise<Made> {
    await before
    return this.#parts.inTurn(async () => {
      this.#underWay = this.#next
      this.#next = undefined
      const made = await this.#make()
      this.#underWay = undefined
      return made
    })
  }

  async #make(): Promise<Made> {
    const { path, ask, clock, allMs } = this.#parts
    const startedAt = clock.monotonic()
    const gone = refusal(410, 'gone', 'Nobody waits for it')
    const { status, missing, body } = this.isAbandoned ? gone : await answerOf(ask, path)
    this.makingMs = clock.monotonic() - startedAt
    const restMs = Math.max(
      status >= 500 ? liveLimits.faultMs : liveLimits.everyMs,
      liveLimits.restFactor * this.makingMs,
      liveLimits.restFactorOfAll * allMs(),
    )
    const absent = missing === undefined ? '' : `"missing":${JSON.stringify(missing)},`
    const data = `"status":${status},${absent}"body":${body}`
    const dueAt = startedAt + Math.min(restMs, liveLimits.everyMsMax)
    return { data, hash: hash('sha256', data, 'base64'), dueAt }
  }
}

interface Answer {
  readonly status: number
  /** Who has not answered, of those that the answer is put together from. */
  readonly missing?: readonly string[] | undefined
  /** JSON, in one line. */
  readonly body: string
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
    const missing = response.headers.get(missingHeader)?.split(', ')
    return { status, missing, body: body === '' ? 'null' : body.replaceAll(/[\r\n]/g, ' ') }
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
