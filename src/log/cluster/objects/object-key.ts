// Names of objects: `c3/e17/<random>-<name>`. Cell and epoch say who may have written it; the random part, that no
// other try of anybody ever wrote something else under it.
import { assert } from '../../../lib/assert.ts'
import type { Random } from '../../../lib/random.ts'

/** Who writes an object. */
export interface ObjectWriter {
  readonly cell: number
  readonly epoch: number
}

const randomSize = 12
const pattern = /^c(\d+)\/e(\d+)\/[^/]+$/

/** A key that was never used. `name` is for people who look at the bucket: letters, digits, `.`, `_`, `-`. */
export function objectKey({ cell, epoch }: ObjectWriter, name: string, random: Random): string {
  assert(/^[\w.-]+$/.test(name), 'a name for people is of plain characters')
  return `${cellPrefix(cell)}e${epoch}/${random.bytes(randomSize).toString('hex')}-${name}`
}

/** What the keys of a cell's objects begin with. */
export function cellPrefix(cell: number): string {
  return `c${cell}/`
}

/** Who wrote the object of a key; undefined for a key of another kind. */
export function writerOf(key: string): ObjectWriter | undefined {
  const match = pattern.exec(key)
  if (match === null) return undefined
  return { cell: Number(match[1]), epoch: Number(match[2]) }
}
