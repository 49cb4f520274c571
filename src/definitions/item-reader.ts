// Reads one thing of a definitions file, and says where in the file it is not what it should be.
import { isObject } from '../lib/is-object.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import { bytesOfName } from '../record/message/name-bytes.ts'
import { argumentsFromJson } from './arguments-json.ts'
import { WholeDouble, withPlainNumbers } from './exact-json.ts'

/** What is wrong with a file, and where: `queues[3].name should be text`. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

export type Json = Readonly<Record<string, unknown>>

export class ItemReader {
  /** `queues[3]`. */
  readonly path: string
  readonly #json: Json
  readonly #asked = new Set<string>()

  /** Throws `MalformedError` for what is no object, is too large or too deep; so do all that read. */
  constructor(path: string, json: unknown) {
    this.path = path
    if (!isJson(json)) throw new MalformedError(`${path} should be an object`)
    if (isDeeper(json, definitionsLimits.itemDepthMax)) {
      throw new MalformedError(
        `${path} has more than ${definitionsLimits.itemDepthMax} tables within each other`,
      )
    }
    this.#json = json
    const { itemSizeMax } = definitionsLimits
    if (Buffer.byteLength(JSON.stringify(withPlainNumbers(json))) > itemSizeMax) {
      throw new MalformedError(`${path} is larger than ${itemSizeMax} bytes`)
    }
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined
  }

  /** As it is, with numbers as JavaScript has them. Text in it is text, where `text` may be bytes. */
  plain(key: string): unknown {
    const value = withPlainNumbers(this.#get(key))
    if (isWellFormed(value)) return value
    throw new MalformedError(`${this.path}.${key} has half a surrogate pair`)
  }

  /** The name of something, or a routing key; `preset` where there is none. */
  text(key: string, preset?: string): string {
    const value = this.#get(key) ?? preset
    if (typeof value !== 'string') throw this.#unlike(key, value, 'text')
    const bytes = bytesOfName(value)
    const { nameSizeMax } = definitionsLimits
    if (Buffer.byteLength(bytes) > nameSizeMax) {
      throw new MalformedError(`${this.path}.${key} is longer than ${nameSizeMax} bytes`)
    }
    if (typeof bytes === 'string' && !bytes.isWellFormed()) {
      throw new MalformedError(`${this.path}.${key} has half a surrogate pair`)
    }
    return value
  }

  /** As `text`, and not empty. */
  filled(key: string): string {
    const value = this.text(key)
    if (value === '') throw new MalformedError(`${this.path}.${key} is empty`)
    return value
  }

  /** Text of any length. */
  longText(key: string, preset?: string): string {
    const value = this.plain(key) ?? preset
    if (typeof value === 'string') return value
    throw this.#unlike(key, value, 'text')
  }

  /** One of some words. */
  oneOf<Word extends string>(key: string, words: readonly Word[], preset?: Word): Word {
    const value = this.#get(key) ?? preset
    const word = words.find((each) => each === value)
    if (word !== undefined) return word
    throw this.#unlike(key, value, `one of ${words.join(', ')}`)
  }

  flag(key: string, preset: boolean): boolean {
    const value = this.#get(key) ?? preset
    if (typeof value === 'boolean') return value
    throw this.#unlike(key, value, 'true or false')
  }

  /** No values where it is left out. */
  object(key: string): Json {
    const value = fromPairs(this.plain(key)) ?? {}
    if (isJson(value)) return value
    throw this.#unlike(key, value, 'an object')
  }

  table(key: string): FieldTable {
    try {
      return argumentsFromJson(this.#get(key) ?? undefined)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      throw new MalformedError(`${this.path}.${key} ${error.message}`, { cause: error })
    }
  }

  /** What nobody has asked for. */
  get leftKeys(): string[] {
    return Object.keys(this.#json).filter((key) => !this.#asked.has(key))
  }

  #get(key: string): unknown {
    this.#asked.add(key)
    return Object.hasOwn(this.#json, key) ? this.#json[key] : undefined
  }

  #unlike(key: string, value: unknown, wanted: string): MalformedError {
    return value === undefined || value === null
      ? new MalformedError(`${this.path} has no ${key}`)
      : new MalformedError(`${this.path}.${key} should be ${wanted}`)
  }
}

/** An object of a file: not a number that is kept exact. */
export function isJson(value: unknown): value is Json {
  return isObject(value) && !(value instanceof WholeDouble)
}

/** RabbitMQ 3 writes some objects as lists of keys and values, `[["max-queues",5]]`, and empty ones as `[]`. */
export function fromPairs(value: unknown): unknown {
  return Array.isArray(value) && value.every(isPair) ? Object.fromEntries(value) : value
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, item]) => key.isWellFormed() && isWellFormed(item))
}

function isPair(value: unknown): value is readonly [string, unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string'
}

/** Whether tables and lists are more than `depth` within each other. */
export function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((item) => isDeeper(item, depth - 1))
}
