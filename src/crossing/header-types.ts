// The header that notes types: `{"count":"signedint","tags":["array",null]}`. A name that occurs more
// than once has a list, one type or null for each occurrence in order.
import { isUtf8 } from 'node:buffer'
import { isObject } from '../lib/is-object.ts'
import type { FieldType } from '../record/message/field-table.ts'

type Noted = string | null | readonly (string | null)[]

/** Gathers the types of one record's headers. */
export class HeaderTypesWriter {
  #types = new Map<string, (FieldType | null)[]>()
  #isNeeded = false

  /** Every header is told, in order; `type` only when its bytes alone do not say it. */
  add(name: string, type: FieldType | null): void {
    const text = textOfName(name)
    const known = this.#types.get(text)
    if (known === undefined) this.#types.set(text, [type])
    else known.push(type)
    if (type !== null) this.#isNeeded = true
  }

  /** What was gathered, or undefined when there is nothing to say; the writer is empty afterwards. */
  finish(): string | undefined {
    const noted: [string, Noted][] = []
    if (this.#isNeeded) {
      for (const [name, types] of this.#types) {
        if (types.every((type) => type === null)) continue
        noted.push([name, types.length === 1 ? (types[0] as FieldType) : types])
      }
    }
    this.#types.clear()
    const wasNeeded = this.#isNeeded
    this.#isNeeded = false
    return wasNeeded ? JSON.stringify(Object.fromEntries(noted)) : undefined
  }
}

/** Hands noted types out again, in the order of the headers. */
export class HeaderTypesReader {
  readonly #types: ReadonlyMap<string, Noted>
  readonly #counts = new Map<string, number>()

  private constructor(types: ReadonlyMap<string, Noted>) {
    this.#types = types
  }

  /** Undefined when the header holds something else. */
  static parse(bytes: Buffer): HeaderTypesReader | undefined {
    try {
      const parsed: unknown = JSON.parse(bytes.toString())
      return isObject(parsed)
        ? new HeaderTypesReader(new Map(Object.entries(parsed as Record<string, Noted>)))
        : undefined
    } catch {
      return undefined
    }
  }

  next(name: string): string | undefined {
    const text = textOfName(name)
    const noted = this.#types.get(text)
    if (noted === undefined) return undefined
    const count = this.#counts.get(text) ?? 0
    this.#counts.set(text, count + 1)
    const type = Array.isArray(noted) ? (noted as (string | null)[])[count] : noted
    return typeof type === 'string' && (Array.isArray(noted) || count === 0) ? type : undefined
  }
}

/** Names travel as bytes in Latin-1; in JSON they are the text that these bytes are. */
function textOfName(name: string): string {
  const bytes = Buffer.from(name, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : name
}
