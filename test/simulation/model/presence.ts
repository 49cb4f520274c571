// Whether something (a queue, an exchange, a binding) is there, as far as clients can know, over time.

export type State = 'yes' | 'no' | 'maybe'

export class Presence {
  /** By rising moment. */
  readonly #changes: { readonly at: number; readonly state: State }[] = []

  get state(): State {
    return this.#changes.at(-1)?.state ?? 'no'
  }

  /** When it may have been there for the first time. */
  get firstAt(): number {
    return this.#changes[0]?.at ?? Infinity
  }

  set(at: number, state: State): void {
    if (state !== this.state) this.#changes.push({ at, state })
  }

  /** It was certainly there at every moment from … to. */
  isAlways(from: number, to: number): boolean {
    return this.#during(from, to).every((state) => state === 'yes')
  }

  /** It may have been there at some moment from … to. */
  isEver(from: number, to: number): boolean {
    return this.#during(from, to).some((state) => state !== 'no')
  }

  #during(from: number, to: number): State[] {
    let first: State = 'no'
    const states: State[] = []
    for (const { at, state } of this.#changes) {
      if (at <= from) first = state
      else if (at <= to) states.push(state)
    }
    return [first, ...states]
  }
}
