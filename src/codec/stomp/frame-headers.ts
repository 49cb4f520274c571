// The headers of a frame, in their order. Of repeated ones the first counts (STOMP 1.2 "Repeated Header Entries").
//
// Names and values are text as `nameFromBytes` reads it: UTF-8, or bytes that are none and become the same again.

export class FrameHeaders {
  readonly names: string[] = []
  readonly values: string[] = []

  /** Headers from an object, for tests and frames of the broker's own. */
  static of(headers: Readonly<Record<string, string>>): FrameHeaders {
    const made = new FrameHeaders()
    for (const [name, value] of Object.entries(headers)) made.add(name, value)
    return made
  }

  get size(): number {
    return this.names.length
  }

  /** The first value; undefined when there is none. */
  get(name: string): string | undefined {
    const index = this.names.indexOf(name)
    return index === -1 ? undefined : this.values[index]
  }

  has(name: string): boolean {
    return this.names.includes(name)
  }

  add(name: string, value: string): void {
    this.names.push(name)
    this.values.push(value)
  }

  /** Those that count. */
  *entries(): Generator<readonly [name: string, value: string]> {
    const { names, values } = this
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) yield [name, values[index] as string]
    }
  }
}
