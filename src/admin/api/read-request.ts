// Query and body of a request, as the schemas of its operation describe them.
import { isUtf8 } from 'node:buffer'
import type { Context } from 'hono'
import type { z } from 'zod'

/** What was read, or why it cannot be used. */
export type Read = { readonly value: unknown } | { readonly problem: string }

export function readQuery(context: Context, schema: z.ZodType): Read {
  return check(context.req.query(), schema, context)
}

/** An empty body is `{}`, as in RabbitMQ. `lines`: see `OperationFacts`. */
export async function readBody(
  context: Context,
  schema: z.ZodType,
  lines: string | undefined,
): Promise<Read> {
  const bytes = Buffer.from(await context.req.arrayBuffer())
  if (bytes.length === 0) return check({}, schema, context)
  if (!isUtf8(bytes)) return { problem: 'not_json' }
  const isLines = lines !== undefined && isNdjson(context)
  let json: unknown
  try {
    json = isLines ? { [lines]: parseLines(bytes.toString()) } : JSON.parse(bytes.toString())
  } catch {
    return { problem: 'not_json' }
  }
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? check(json, schema, context)
    : { problem: 'not_json' }
}

function isNdjson({ req }: Context): boolean {
  return /^application\/(?:x-)?ndjson\b/i.test(req.header('content-type') ?? '')
}

/** Empty lines count for nothing. */
function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line))
}

function check(value: unknown, schema: z.ZodType, context: Context): Read {
  const parsed = schema.safeParse(value)
  if (parsed.success) return { value: parsed.data }
  const isOwn = context.req.path.startsWith('/api/v1/')
  return { problem: describeIssue(parsed.error, value, isOwn) }
}

/** The first problem in words; what RabbitMQ's API lacks it names as RabbitMQ does. */
function describeIssue({ issues }: z.ZodError, value: unknown, isOwn: boolean): string {
  const [issue] = issues
  if (issue === undefined) return 'not valid'
  const path = partsOf(value, issue.path)
  const place = path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return `${issue.keys.join(', ')}: there is no such ${issue.keys.length > 1 ? 'fields' : 'field'}`
  }
  const isMissing = valueAt(value, path) === undefined
  if (isMissing) return isOwn ? `${place} is missing` : `[{key_missing,${place}}]`
  return place === '' ? issue.message : `${place}: ${issue.message}`
}

/** What was a text and was read as a list or an object has no parts that its sender knows. */
function partsOf(value: unknown, path: readonly PropertyKey[]): readonly PropertyKey[] {
  const index = path.findIndex((_, at) => typeof valueAt(value, path.slice(0, at + 1)) === 'string')
  return index < 0 ? path : path.slice(0, index + 1)
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  )
}
