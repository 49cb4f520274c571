// One thing to know about a broker, in words and as data.
import { z } from 'zod'

/** `bad`: something is lost, blocked or dead; `look`: it will be, or somebody waits; `fine`: nothing is wrong. */
export type Severity = 'bad' | 'look' | 'fine'

export interface Finding {
  readonly kind: string
  readonly severity: Severity
  /** A sentence; names stand between backticks. */
  readonly text: string
  /** What it is about, if that is one thing. */
  readonly vhost?: string
  readonly name?: string
  readonly group?: string
  /** A transactional id. */
  readonly transaction?: string
  /** Its id, below `/v1/connections`. */
  readonly connection?: number
  /** In milliseconds since the Unix epoch. */
  readonly since?: number
  readonly count?: number
  /** The streams, where it is about several: the first few. */
  readonly streams?: readonly { readonly vhost: string; readonly name: string }[]
  /** What to ask next. */
  readonly command?: string
}

const count = z.number().int()

export const findingSchema: z.ZodType = z.object({
  kind: z.string(),
  severity: z.enum(['bad', 'look', 'fine']),
  text: z.string().describe('A sentence; names stand between backticks'),
  vhost: z.string().optional().describe('Of what it is about, if that is one thing'),
  name: z.string().optional(),
  group: z.string().optional(),
  transaction: z.string().optional().describe('A transactional id'),
  connection: count.optional().describe('The id of a connection'),
  since: z.number().optional().describe('Milliseconds since the Unix epoch'),
  count: count.optional(),
  streams: z
    .array(z.object({ vhost: z.string(), name: z.string() }))
    .optional()
    .describe('The first of several'),
  command: z.string().optional().describe('What to ask next'),
})
