// Lists as RabbitMQ's API answers them: filtered, sorted and cut into pages here, in slices, however many
// things there are. A list without a page is sent in parts.
import { z } from 'zod'
import { compareNames } from '../../lib/compare-names.ts'
import { compileNamePattern, type NamePattern, PatternError } from '../../lib/name-pattern.ts'
import type { Slices, Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { compareValues, type JsonObject, pickColumns, valueAtColumn } from './columns.ts'
import { FirstItems } from './first-items.ts'

/** Parameters of every list. */
export const listParameters: Readonly<
  Record<Exclude<keyof ListQuery, 'listed'>, z.ZodOptional<z.ZodString>>
> = {
  page: z.string().optional().describe('From 1 on; left out, all are listed'),
  page_size: z.string().optional().describe(`At most ${adminLimits.pageSizeMax}; usually 100`),
  name: z.string().optional().describe('Only what has this in its name; needs a page'),
  use_regex: z.string().optional().describe('true: `name` is a regular expression'),
  sort: z.string().optional().describe('A column, with dots between its parts'),
  sort_reverse: z.string().optional().describe('true: from the greatest to the least'),
  columns: z.string().optional().describe('Columns with commas between them; left out, all'),
}

export const listQuery: z.ZodType<ListQuery> = z.object(listParameters)

export interface ListQuery {
  readonly page?: string | undefined
  readonly page_size?: string | undefined
  readonly name?: string | undefined
  readonly use_regex?: string | undefined
  readonly sort?: string | undefined
  readonly sort_reverse?: string | undefined
  readonly columns?: string | undefined
  /** So many are asked for by a node that puts lists of several cells together, whatever the page: see `Asked.listed`. */
  readonly listed?: number | undefined
}

/** What is listed. */
export interface Listing<T> {
  /** Undefined where others are to have their turn while nothing is found. */
  readonly items: Iterable<T | undefined>
  readonly json: (item: T) => JsonObject
  /** One column of that, where there is a shorter way to it: lists are sorted by it. */
  readonly column?: (item: T, column: string) => unknown
  /** What `name` is looked for in. */
  readonly nameOf: (item: T) => string
  /** The order in which they are listed unless another is asked for; left out, that of `items`. */
  readonly compare?: (a: T, b: T) => number
  /** Looks up what `json` needs of the items of a page and takes longer than a turn; not for a list without pages. */
  readonly prepare?: (shown: readonly T[]) => Promise<void>
}

/** A schema for what `answerList` answers with: `item` in a list, or in a page of one. */
export function listOf(item: z.ZodType): z.ZodType {
  const count = z.number().int()
  const page = z.object({
    total_count: count,
    filtered_count: count,
    item_count: count,
    page: count,
    page_size: count,
    page_count: count,
    items: z.array(item),
  })
  return z.union([z.array(item), page])
}

/** By virtual host, then by name. */
export function byVHostAndName<T extends { readonly vhost: string; readonly name: string }>(
  a: T,
  b: T,
): number {
  return compareNames(a.vhost, b.vhost) || compareNames(a.name, b.name)
}

/** Answers with the list that `query` asks for, or says why it cannot. */
export async function answerList<T>(
  slices: Slices,
  query: ListQuery,
  listing: Listing<T>,
): Promise<Response> {
  const asked = readListQuery(query)
  if ('error' in asked) return refuseList(asked)
  const { page, pageSize, columns } = asked
  const needed = query.listed ?? (page === undefined ? Infinity : page * pageSize)
  const { total, count, first } = await slices.run(find(asked, listing, needed))
  const json = (item: T): JsonObject => {
    const object = listing.json(item)
    return columns === undefined ? object : pickColumns(object, columns)
  }
  if (query.listed !== undefined) {
    if (page !== undefined) await listing.prepare?.(first)
    return sendLines(slices, first, { json, counts: { total, found: count } })
  }
  if (page === undefined) return sendInParts(slices, first, json)
  const start = (page - 1) * pageSize
  if (start > count) return refuseList(outOfRange(page, pageSize, count))
  const shown = first.slice(start)
  await listing.prepare?.(shown)
  const items = shown.map(json)
  return Response.json(pageOf({ total, found: count, page, pageSize, items }))
}

export interface PageFacts {
  readonly total: number
  /** Of these, those with the name. */
  readonly found: number
  readonly page: number
  readonly pageSize: number
  readonly items: readonly unknown[]
}

/** A page as RabbitMQ answers it. */
export function pageOf({ total, found, page, pageSize, items }: PageFacts): JsonObject {
  return {
    total_count: total,
    filtered_count: found,
    item_count: items.length,
    page,
    page_size: pageSize,
    page_count: Math.ceil(found / pageSize),
    items,
  }
}

/** What a list is asked for with, once it is understood. */
export interface ListAsked {
  readonly page: number | undefined
  readonly pageSize: number
  readonly matches: NamePattern | undefined
  readonly sort: string | undefined
  readonly isReversed: boolean
  readonly columns: readonly string[] | undefined
}

export interface ListRefusal {
  readonly error: string
  readonly reason: string
}

/** Reads what a list is asked for with, or says why it cannot. */
export function readListQuery(query: ListQuery): ListAsked | ListRefusal {
  const page = readNumber(query.page)
  const pageSize = readNumber(query.page_size) ?? adminLimits.pageSizeDefault
  if (Number.isNaN(page ?? 1) || Number.isNaN(pageSize)) {
    return { error: 'bad_request', reason: 'Pagination parameters are invalid' }
  }
  const isPageThere = page === undefined || page > 0
  if (!isPageThere || pageSize < 1 || pageSize > adminLimits.pageSizeMax) {
    const reason = `Invalid pagination parameters: page number ${page}, page size ${pageSize}`
    return { error: 'invalid_pagination_parameters', reason }
  }
  const matches = page === undefined ? undefined : readNameFilter(query)
  if (matches !== undefined && typeof matches !== 'function') return matches
  return {
    page,
    pageSize,
    matches,
    sort: query.sort === '' ? undefined : query.sort,
    isReversed: query.sort_reverse === 'true',
    columns: query.columns?.split(','),
  }
}

/** There are fewer pages than that. */
export function outOfRange(page: number, pageSize: number, count: number): ListRefusal {
  const reason = `Page out of range, page: ${page} page size: ${pageSize}, len: ${count}`
  return { error: 'page_out_of_range', reason }
}

function readNameFilter({
  name,
  use_regex: useRegex,
}: ListQuery): NamePattern | ListRefusal | undefined {
  if (name === undefined || name === '') return undefined
  const lower = name.toLowerCase()
  if (useRegex !== 'true') return (listed) => listed.toLowerCase().includes(lower)
  const error = 'invalid_pagination_parameters'
  if (name.length > adminLimits.filterLengthMax) {
    return { error, reason: 'name filter regex is too long' }
  }
  try {
    return compileNamePattern(`(?i)${name}`)
  } catch (problem) {
    if (!(problem instanceof PatternError)) throw problem
    return { error, reason: `name filter regex cannot be used: ${problem.message}` }
  }
}

/** NaN for what is no whole number. */
function readNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}

interface Found<T> {
  readonly total: number
  /** Of these, those with the name. */
  readonly count: number
  /** Of these, those that come first. */
  readonly first: T[]
}

interface Keyed<T> {
  readonly key: unknown
  readonly item: T
}

/** Finds the first `needed` of a list. */
function* find<T>(asked: ListAsked, listing: Listing<T>, needed: number): Steps<Found<T>> {
  const { sort, isReversed } = asked
  const { compare, column, json } = listing
  if (sort === undefined) {
    const first = new FirstItems<T>({ count: needed, compare, isReversed })
    const counts = yield* findAll(asked, listing, { first, entryOf: (item) => item })
    return { ...counts, first: yield* first.items() }
  }
  const keyOf = column ?? ((item: T, name: string) => valueAtColumn(json(item), name))
  const first = new FirstItems<Keyed<T>>({
    count: needed,
    compare: (a, b) => compareValues(a.key, b.key) || (compare?.(a.item, b.item) ?? 0),
    isReversed,
  })
  const entryOf = (item: T): Keyed<T> => ({ key: keyOf(item, sort), item })
  const counts = yield* findAll(asked, listing, { first, entryOf })
  return { ...counts, first: (yield* first.items()).map(({ item }) => item) }
}

interface Finding<T, E> {
  readonly first: FirstItems<E>
  readonly entryOf: (item: T) => E
}

function* findAll<T, E>(
  { matches }: ListAsked,
  { items, nameOf }: Listing<T>,
  { first, entryOf }: Finding<T, E>,
): Steps<Omit<Found<T>, 'first'>> {
  let total = 0
  let count = 0
  for (const item of items) {
    if (item === undefined) {
      yield
      continue
    }
    total++
    if (matches === undefined || matches(nameOf(item))) {
      count++
      first.add(entryOf(item))
    }
    if (first.isToTrim) yield* first.trim()
    if (total % adminLimits.listedAtOnceMax === 0) yield
  }
  return { total, count }
}

/** In parts, between which others have their turn and the socket takes what there is. */
function sendInParts<T>(
  slices: Slices,
  items: readonly T[],
  json: (item: T) => JsonObject,
): Response {
  const atOnce = adminLimits.listedAtOnceMax
  let next = 0
  function* part(): Steps<string | undefined> {
    yield
    if (next > 0 && next >= items.length) return undefined
    const texts = items.slice(next, next + atOnce).map((item) => JSON.stringify(json(item)))
    const start = next === 0 ? '[' : ','
    next += atOnce
    return `${start}${texts.join(',')}${next < items.length ? '' : ']'}`
  }
  return send(() => slices.run(part()), 'application/json')
}

/** For a node that puts lists of several cells together: counts first, then a line for each. */
function sendLines<T>(
  slices: Slices,
  items: readonly T[],
  { json, counts }: { readonly json: (item: T) => JsonObject; readonly counts: object },
): Response {
  const atOnce = adminLimits.listedAtOnceMax
  let next = -1
  function* part(): Steps<string | undefined> {
    yield
    if (next < 0) {
      next = 0
      return `${JSON.stringify(counts)}\n`
    }
    if (next >= items.length) return undefined
    const texts = items.slice(next, next + atOnce).map((item) => `${JSON.stringify(json(item))}\n`)
    next += atOnce
    return texts.join('')
  }
  return send(() => slices.run(part()), linesType)
}

/** Of the lines of `Asked.listed`. */
export const linesType = 'application/x-ndjson'

/** Parts as the socket takes them, until there is none. */
function send(part: () => Promise<string | undefined>, type: string): Response {
  const text = new ReadableStream<string>({
    async pull(controller) {
      const next = await part()
      if (next === undefined) controller.close()
      else controller.enqueue(next)
    },
  })
  return new Response(text.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': type },
  })
}

/** The answer to a list that cannot be asked for so. */
export function refuseList({ error, reason }: ListRefusal): Response {
  return Response.json({ error, reason }, { status: 400 })
}
