/** How many there are of something, and the first of them by weight. */
export class TopList<T> {
  count = 0
  readonly #sizeMax: number
  readonly #weightOf: (item: T) => number
  #items: T[] = []

  constructor(sizeMax: number, weightOf: (item: T) => number) {
    this.#sizeMax = sizeMax
    this.#weightOf = weightOf
  }

  /** Heaviest first. */
  get items(): readonly T[] {
    return this.#items
  }

  add(item: T): void {
    this.count++
    this.#keep(item)
  }

  /** Adds what `other` has, those too that it does not name. */
  addAll(other: TopList<T>): void {
    this.count += other.count
    for (const item of other.items) this.#keep(item)
  }

  /** Takes out those of which it turns out that they do not belong here. */
  remove(isOut: (item: T) => boolean): void {
    const kept = this.#items.filter((item) => !isOut(item))
    this.count -= this.#items.length - kept.length
    this.#items = kept
  }

  #keep(item: T): void {
    const items = this.#items
    const weight = this.#weightOf(item)
    const last = items.at(-1)
    if (items.length === this.#sizeMax && last !== undefined && this.#weightOf(last) >= weight) {
      return
    }
    let at = items.length
    while (at > 0 && this.#weightOf(items[at - 1]!) < weight) at--
    items.splice(at, 0, item)
    if (items.length > this.#sizeMax) items.pop()
  }
}
