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
  /**
   * Partitions that are merged by time into one list: each has some messages in memory for a page. Of more of
   * them one is named.
   */
  mergedPartsMax: 64,
  /** Bytes of the messages that all partitions together have read ahead for a page. */
  mergedSizeMax: (1024 * KiB) as number,
  /** Offsets that a walk towards older messages looks at in one go: at first, and while little is found. */
  windowFirst: 16,
  windowMax: 4096,
  /** Reads for that: what takes more is read again in smaller parts. */
  windowReadsMax: 16,
  /** Properties of one message that somebody asks for by its place. */
  propertiesSizeMax: (4096 * KiB) as number,
  /** Of a payload in JSON; whole it comes as bytes. */
  payloadShownMax: (1024 * KiB) as number,
  /** A payload as bytes is sent in pieces of this size. */
  payloadPieceSize: (256 * KiB) as number,
  /** How long a request looks through a whole virtual host: what follows is for the next. */
  searchMs: 500,
  /** Messages that such a request answers: whoever looks for one by its id finds few. */
  foundMax: 100,
  /** How long a request looks for the latest message of a key before it says where to go on. */
  latestMs: 1000,
} as const
