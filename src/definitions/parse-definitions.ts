// Definitions as RabbitMQ 3.x and 4.x write them, of a cluster or of one virtual host. What is no such file
// is refused as a whole, with the places where it is not; what is one and asks for something that Pabal does
// not have goes into `leftOut`.
//
// Source: rabbit_definitions.erl and rabbit_mgmt_wm_definitions.erl of 3.10 and 4.2.
import type { Steps } from '../lib/slices.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import { type Definitions, noDefinitions } from './definitions.ts'
import { dropRepeats } from './drop-repeats.ts'
import { parseExactJson } from './exact-json.ts'
import { isDeeper, isJson, ItemReader, type Json, MalformedError } from './item-reader.ts'
import type { ParseContext } from './parse-context.ts'
import { itemParsers } from './parse-items.ts'

/** Lists of things that all virtual hosts share. */
const sharedLists: ReadonlySet<string> = new Set([
  'vhosts',
  'users',
  'permissions',
  'topic_permissions',
  'acls',
])

/** What says where a file is from. */
const origin: ReadonlySet<string> = new Set([
  'rabbit_version',
  'rabbitmq_version',
  'rabbitmq_definition_format',
  'product_name',
  'product_version',
  'original_cluster_name',
  'original_vhost_name',
  'explanation',
])

/** Of a file of one virtual host: what that is made with. */
const ofVHost: ReadonlySet<string> = new Set([
  'metadata',
  'description',
  'limits',
  'default_queue_type',
  'tags',
])

/**
 * Reads a file. With `vhost` everything is for that virtual host, whatever the file says. Throws
 * `MalformedError`.
 */
export function* parseDefinitions(text: string, vhost?: string): Steps<Definitions> {
  const file = parseFile(text)
  const definitions = noDefinitions()
  const context: ParseContext = {
    definitions,
    version: versionOf(file),
    vhost,
    unknownKeys: new Map(),
  }
  const problems: string[] = []
  for (const [list, value] of Object.entries(file)) {
    if (!Object.hasOwn(itemParsers, list)) leaveOut(list, value, context)
    else if (!Array.isArray(value)) problems.push(`${list} should be a list`)
    else if (vhost !== undefined && sharedLists.has(list)) leaveOutShared(list, value, context)
    else yield* parseList(list, value, context, problems)
  }
  if (problems.length > 0) throw new MalformedError(textOf(problems))
  dropRepeats(definitions)
  for (const [key, count] of context.unknownKeys) {
    const reason = `nothing is known by this name (in ${count} of them)`
    definitions.leftOut.push({ kind: 'key', name: key, reason })
  }
  return definitions
}

function parseFile(text: string): Json {
  const content = text.replace(/^\ufeff/, '')
  if (content === '') return {}
  let file: unknown
  try {
    file = parseExactJson(content)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new MalformedError(`failed_to_parse_json: ${error.message}`, { cause: error })
  }
  const isEmpty = isJson(file) && Object.keys(file).length === 0
  if (isJson(file) && (isEmpty || Object.keys(file).some(isKnown))) return file
  throw new MalformedError(
    `these are no definitions: an object with lists such as ${Object.keys(itemParsers).join(', ')}`,
  )
}

function versionOf(file: Json): string {
  const version = file['rabbitmq_version'] ?? file['rabbit_version']
  return typeof version === 'string' ? version : ''
}

function isKnown(key: string): boolean {
  return origin.has(key) || Object.hasOwn(itemParsers, key)
}

function* parseList(
  list: string,
  items: readonly unknown[],
  context: ParseContext,
  problems: string[],
): Steps<void> {
  for (const [index, json] of items.entries()) {
    yield
    try {
      const reader = new ItemReader(`${list}[${index}]`, json)
      itemParsers[list]?.(reader, context)
      for (const key of reader.leftKeys) {
        const name = `${list}[].${key}`
        context.unknownKeys.set(name, (context.unknownKeys.get(name) ?? 0) + 1)
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      problems.push(error.message)
      if (problems.length < definitionsLimits.problemsReadMax) continue
      throw new MalformedError(`${textOf(problems)}, where reading ended`, { cause: error })
    }
  }
}

function leaveOut(key: string, value: unknown, { definitions, vhost }: ParseContext): void {
  if (origin.has(key)) return
  const isOfVHost = ofVHost.has(key)
  const isEmpty = !isDeeper(value, definitionsLimits.itemDepthMax) && !holdsAnything(value)
  if (isOfVHost && vhost !== undefined && isEmpty) return
  const reason = isOfVHost
    ? 'what a virtual host is made with is not imported with what is in it: see pabal vhost add'
    : 'nothing is known by this name'
  definitions.leftOut.push({ kind: 'key', name: key, reason })
}

function leaveOutShared(
  list: string,
  items: readonly unknown[],
  { definitions }: ParseContext,
): void {
  if (items.length === 0) return
  const reason = 'they are of no virtual host: import the file without one'
  definitions.leftOut.push({ kind: 'key', name: `${list} (${items.length})`, reason })
}

function holdsAnything(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(holdsAnything)
  return value !== undefined && value !== null && value !== ''
}

function textOf(problems: readonly string[]): string {
  const told = problems.slice(0, definitionsLimits.problemsMax)
  const more = problems.length - told.length
  return `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
