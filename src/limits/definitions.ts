// Limits of definitions: files that hold all that was declared.
import { KiB, MiB } from './units.ts'

export const definitionsLimits = {
  /**
   * Of a file: 100,000 queues and as many bindings. It is read as JSON in one turn, in 0.2 s,
   * or in 1 s when it has a number that needs care.
   */
  fileSizeMax: (32 * MiB) as number,
  /** Of one thing in it, as JSON: what a frame of AMQP holds. */
  itemSizeMax: (128 * KiB) as number,
  /** Tables and lists within each other in one thing. */
  itemDepthMax: 32,
  /** Bytes of a name or a routing key, as AMQP can say them. */
  nameSizeMax: 255,
  /** Mistakes in a file that are told: whoever has more of them has another kind of file. */
  problemsMax: 10,
  /** Mistakes after which nothing more is read: sixteen million fit into a file, and take 10 µs and 200 bytes each. */
  problemsReadMax: 1000,
  /** Rows of a report: a person reads them. */
  reportRowsMax: 1000,
  /** Characters of a value that a report shows: a line or two. */
  shownValueMax: 200,
  /** Lines of the log that a file gets at the start. */
  warningsMax: 100,
  /** Reading, comparing and changing take so much of a turn. */
  sliceMs: 5,
  /** Changes that are under way before their durability is waited for. */
  pendingMax: 1000,
} as const
