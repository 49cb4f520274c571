// Limits of searches through messages.
import { KiB } from './units.ts'

export const searchLimits = {
  /** Parts of a path into JSON: each may lead to all there is. */
  jsonPathPartsMax: 32,
  /** Larger payloads are not looked into as JSON: a megabyte takes some 10 ms to parse. */
  jsonSizeMax: (256 * KiB) as number,
  /** Conditions on headers or JSON in one filter. */
  conditionsMax: 16,
  /** Characters of a text or value that is looked for. */
  textLengthMax: 4096,
  /** How long a request looks through a whole virtual host: what follows is for the next. */
  searchMs: 500,
  /** Messages that such a request answers: whoever looks for one by its id finds few. */
  foundMax: 100,
} as const
