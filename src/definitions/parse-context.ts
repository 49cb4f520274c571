// What the readers of all lists of a definitions file share.
import { whyNoLimit } from '../broker/limit-names.ts'
import type { LimitValues } from '../meta/access-rows.ts'
import type { Definitions } from './definitions.ts'
import { type ItemReader, type Json, MalformedError } from './item-reader.ts'

export interface ParseContext {
  readonly definitions: Definitions
  /** The RabbitMQ that wrote the file; empty when it does not say. */
  readonly version: string
  /** The virtual host that everything is for; undefined when each thing says it. */
  readonly vhost: string | undefined
  /** Keys that nobody reads, and how many things have each. */
  readonly unknownKeys: Map<string, number>
}

/** The virtual host of something that is in one. */
export function vhostOf(item: ItemReader, { vhost }: ParseContext): string {
  if (vhost !== undefined) {
    item.has('vhost')
    return vhost
  }
  if (item.has('vhost')) return item.filled('vhost')
  throw new MalformedError(
    `${item.path} has no vhost: a file of one virtual host is imported into one, with --vhost`,
  )
}

interface LimitsPlace {
  readonly path: string
  readonly of: 'user' | 'vhost'
  /** Of the user or the virtual host. */
  readonly name: string
}

/** Limits that are served; the others are told. Throws `MalformedError` for what is no whole number. */
export function checkLimits(
  { path, of, name }: LimitsPlace,
  given: Json,
  leftOut: Definitions['leftOut'],
): LimitValues {
  const limits: [string, number][] = []
  for (const [limit, value] of Object.entries(given)) {
    if (!Number.isSafeInteger(value)) {
      throw new MalformedError(`${path}.${limit} should be a whole number`)
    }
    const reason = whyNoLimit(of, limit, value as number)
    if (reason === undefined) limits.push([limit, value as number])
    else leftOut.push({ kind: `${of} limit`, name: `${name}: ${limit}`, reason })
  }
  return Object.fromEntries(limits)
}
