// Connections that have views of the API sent to them, on whichever port, and what these share: not too many, and
// none for longer than the broker lasts.
import type { Clock } from '../../lib/clock.ts'
import { liveLimits } from '../../limits/live.ts'
import { type AskView, LiveSource } from './live-source.ts'

/** One of them. */
export interface LiveConnection {
  readonly user: string
  /** Looks at `endReason` soon. */
  readonly wake: () => void
}

/** Who looks at what. */
export interface SourceKey {
  readonly path: string
  /** Whose share of the time it takes. */
  readonly user: string
  /** Of callers to whom the same is answered; undefined for one who shares with nobody. */
  readonly audience: string | undefined
}

interface Shared {
  readonly source: LiveSource
  useCount: number
}

export class LiveConnections {
  readonly #clock: Clock
  readonly #connections = new Set<LiveConnection>()
  readonly #shared = new Map<string, Shared>()
  /** With their users. */
  readonly #sources = new Map<LiveSource, string>()
  /** Those that wait for their turn to be made. */
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #endReason: string | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Why they end, and no other begins; undefined while they go on. */
  get endReason(): string | undefined {
    return this.#endReason
  }

  /** Of whom there are too many; undefined when it may begin. */
  whyFull(user: string): 'too many of the user' | 'too many' | undefined {
    const own = Array.from(this.#connections).filter((each) => each.user === user)
    if (own.length >= liveLimits.connectionsPerUserMax) return 'too many of the user'
    return this.#connections.size >= liveLimits.connectionsMax ? 'too many' : undefined
  }

  /** Whoever adds one removes it. */
  add(connection: LiveConnection): void {
    this.#connections.add(connection)
  }

  remove(connection: LiveConnection): void {
    this.#connections.delete(connection)
  }

  endAll(reason: string): void {
    this.#endReason = reason
    for (const { wake } of this.#connections) wake()
  }

  /** The source of a view, and what gives it back. */
  sourceOf(
    { path, user, audience }: SourceKey,
    ask: AskView,
  ): [source: LiveSource, done: () => void] {
    if (audience === undefined) {
      const source = this.#newSource({ path, user }, ask)
      return [source, () => this.#abandon(source)]
    }
    const key = `${audience}\n${path}`
    const shared = this.#shared.get(key) ?? {
      source: this.#newSource({ path, user }, ask),
      useCount: 0,
    }
    this.#shared.set(key, shared)
    shared.useCount += 1
    const done = (): void => {
      shared.useCount -= 1
      if (shared.useCount > 0) return
      this.#shared.delete(key)
      this.#abandon(shared.source)
    }
    return [shared.source, done]
  }

  #newSource({ path, user }: Omit<SourceKey, 'audience'>, ask: AskView): LiveSource {
    const source = new LiveSource({
      path,
      ask,
      clock: this.#clock,
      allMs: () => this.#allMs(user),
      inTurn: (make) => this.#inTurn(make),
    })
    this.#sources.set(source, user)
    return source
  }

  #abandon(source: LiveSource): void {
    source.isAbandoned = true
    this.#sources.delete(source)
  }

  /** Each user has the same share: as if all took as long as this one. */
  #allMs(user: string): number {
    let sum = 0
    for (const [{ makingMs }, owner] of this.#sources) if (owner === user) sum += makingMs
    return sum * new Set(this.#sources.values()).size
  }

  async #inTurn<T>(make: () => Promise<T>): Promise<T> {
    if (this.#underWay >= liveLimits.madeAtOnceMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#underWay += 1
    }
    try {
      return await make()
    } finally {
      // The next one has this one's place.
      const next = this.#waiting.shift()
      if (next === undefined) this.#underWay -= 1
      else next()
    }
  }
}
