// Reads JSON (RFC 8259) so that nothing is lost: numbers keep their digits, objects their order and doubles. A
// text that was cut off is read as far as it goes.
import { DecodeError, depthMax, type Entry, type Tree } from './tree.ts'

/** `isCut`: the text may end anywhere. Throws `DecodeError` for what is no JSON. */
export function readJson(text: string, isCut = false): Tree {
  const reader = new JsonReader(text, isCut)
  const tree = reader.value(0)
  reader.end()
  return tree
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y
const space = /[ \t\r\n]*/y
/** A text without anything that is written with a backslash. */
const plainText = /"[^"\\\p{Cc}]*"/uy
const escapedText = /"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y

class JsonReader {
  readonly #text: string
  readonly #isCut: boolean
  #at = 0

  constructor(text: string, isCut: boolean) {
    this.#text = text
    this.#isCut = isCut
    this.#skip()
  }

  /** Nothing comes behind the value. */
  end(): void {
    if (this.#at < this.#text.length) throw this.#error()
  }

  value(depth: number): Tree {
    if (depth > depthMax) throw new DecodeError(`more than ${depthMax} levels`)
    const first = this.#text[this.#at]
    if (first === '{') return this.#map(depth)
    if (first === '[') return this.#list(depth)
    if (first === '"') return this.#textValue()
    const digits = this.#cutNumber() ?? this.#match(number)
    if (digits !== undefined) return { kind: 'number', text: digits }
    const found = this.#match(word)
    if (found !== undefined) return { kind: 'word', text: found }
    if (this.#isOver || this.#isCutWord()) return { kind: 'word', text: '…' }
    throw this.#error()
  }

  #map(depth: number): Tree {
    const entries: Entry[] = []
    this.#step()
    if (this.#take('}')) return { kind: 'map', entries }
    for (;;) {
      if (this.#isOver) return { kind: 'map', entries, isCut: true }
      const label = this.#textValue()
      if (this.#isOver && !this.#take(':')) return { kind: 'map', entries, isCut: true }
      if (label.kind !== 'text' || !this.#take(':')) throw this.#error()
      if (this.#isOver) return { kind: 'map', entries, isCut: true }
      entries.push({ label: label.text, value: this.value(depth + 1) })
      this.#skip()
      if (this.#take('}')) return { kind: 'map', entries }
      if (this.#isOver) return { kind: 'map', entries, isCut: true }
      if (!this.#take(',')) throw this.#error()
    }
  }

  #list(depth: number): Tree {
    const items: Tree[] = []
    this.#step()
    if (this.#take(']')) return { kind: 'list', items }
    for (;;) {
      if (this.#isOver) return { kind: 'list', items, isCut: true }
      items.push(this.value(depth + 1))
      this.#skip()
      if (this.#take(']')) return { kind: 'list', items }
      if (this.#isOver) return { kind: 'list', items, isCut: true }
      if (!this.#take(',')) throw this.#error()
    }
  }

  #textValue(): Tree {
    const plain = this.#match(plainText)
    if (plain !== undefined) return { kind: 'text', text: plain.slice(1, -1) }
    const escaped = this.#match(escapedText)
    if (escaped !== undefined) return { kind: 'text', text: this.#unescaped(escaped) }
    if (!this.#isCut || this.#text[this.#at] !== '"') throw this.#error()
    // Without what was cut off in the middle of an escape.
    const rest = this.#text.slice(this.#at + 1).replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, '')
    this.#at = this.#text.length
    return { kind: 'text', text: unescaped(rest), isCut: true }
  }

  /** Its last digits may be missing. */
  #cutNumber(): string | undefined {
    if (!this.#isCut || this.#text.length - this.#at > 400) return undefined
    const rest = this.#text.slice(this.#at)
    if (!/^-?\d[\d.eE+-]*$|^-$/.test(rest)) return undefined
    this.#at = this.#text.length
    return `${rest}…`
  }

  #isCutWord(): boolean {
    const rest = this.#isCut ? this.#text.slice(this.#at, this.#at + 5) : ''
    if (!['true', 'false', 'null'].some((each) => rest !== '' && each.startsWith(rest)))
      return false
    this.#at = this.#text.length
    return true
  }

  #unescaped(quoted: string): string {
    try {
      return JSON.parse(quoted) as string
    } catch {
      throw this.#error()
    }
  }

  /** The text has ended where it may. */
  get #isOver(): boolean {
    return this.#isCut && this.#at >= this.#text.length
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) return undefined
    this.#at += found.length
    this.#skip()
    return found
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#step()
    return true
  }

  #step(): void {
    this.#at++
    this.#skip()
  }

  #skip(): void {
    space.lastIndex = this.#at
    this.#at += space.exec(this.#text)![0].length
  }

  #error(): DecodeError {
    return new DecodeError(`no JSON at character ${this.#at}`)
  }
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return text
  }
}
