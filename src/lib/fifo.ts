// A queue on an array whose `shift` costs the same however many wait: Array.shift moves all that are
// left once there are some ten thousand.

const compactAt = 1024

export class Fifo<T> {
  #items: (T | undefined)[] = []
  /** Index of the first that waits; those before it were taken. */
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  /** The one that `shift` takes next; undefined when there is none. */
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the first; undefined when there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.size === 0) this.clear()
    else if (this.#head >= compactAt && this.#head > this.size) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** All that wait, in their order. */
  toArray(): T[] {
    return this.#items.slice(this.#head) as T[]
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
