// One list of the lists of several cells or nodes: each is sorted, so they are merged, and of each only as much is asked
// for as the page can need.
import { adminLimits } from '../../limits/admin.ts'
import { compareValues, type JsonObject, pickColumns, valueAtColumn } from '../api/columns.ts'
import {
  type ListAsked,
  linesType,
  outOfRange,
  pageOf,
  readListQuery,
  refuseList,
} from '../api/listing.ts'
import { isOwnPath } from '../api/operation.ts'
import type { ClusterDoor, ClusterRequest, ClusterWay } from '../api/where.ts'
import {
  askedOf,
  dropAll,
  gather,
  type Part,
  type Sources,
  targetsOf,
  tell,
  withMissing,
} from './gather.ts'
import { type Counts, ListLines } from './list-lines.ts'

/** A column by which each sorts its own list where nothing is asked. */
export interface OrderedBy {
  readonly column: string
  readonly isDescending?: boolean
  /** What an item counts as that has nothing there. */
  readonly absent?: number
}

/** A list of what all of them have. */
export function gatherList(
  sources: Sources,
  order: readonly (string | OrderedBy)[] = [],
): ClusterWay {
  const ordered = order.map((each) => (typeof each === 'string' ? { column: each } : each))
  return {
    answer: (request, cluster) => answerMerged(request, cluster, { sources, order: ordered }),
  }
}

interface Way {
  readonly sources: Sources
  readonly order: readonly OrderedBy[]
}

async function answerMerged(
  request: ClusterRequest,
  cluster: ClusterDoor,
  { sources, order }: Way,
): Promise<Response> {
  const query = Object.fromEntries(new URL(request.url, 'http://localhost').searchParams)
  const asked = readListQuery(query)
  if ('error' in asked) return refuseList(asked)
  const needed = asked.page === undefined ? Infinity : asked.page * asked.pageSize
  const url = withColumns(request.url, asked, order)
  const targets = targetsOf(sources, cluster.directory)
  const found = await gather(cluster, targets, () => askedOf(request, { url, listed: needed }))
  const { parts, refusal } = found
  if (refusal !== undefined) {
    await dropAll(parts.map(({ response }) => response))
    return refusal
  }
  const opened = await openLists(parts, cluster)
  const missing = [...found.missing, ...opened.missing]
  const merging = mergeLists(opened.lists, compareBy(asked, order))
  const columns = asked.columns
  const pick = (item: JsonObject): JsonObject =>
    columns === undefined ? item : pickColumns(item, columns)
  if (asked.page === undefined) return withMissing(sendAll(merging, opened.lists, pick), missing)
  return withMissing(await sendPage(merging, { asked, opened, pick, missing, request }), missing)
}

interface OpenedList {
  readonly lines: ListLines
  readonly counts: Counts
}

/** One whose head does not come is missing like one that does not answer. */
async function openLists(
  parts: readonly Part[],
  { directory }: ClusterDoor,
): Promise<{ readonly lists: readonly OpenedList[]; readonly missing: readonly string[] }> {
  const missing: string[] = []
  const lists: OpenedList[] = []
  const opening = parts.map(async ({ target, response }) => {
    const isList = response.headers.get('content-type') === linesType && response.body !== null
    const lines = isList ? new ListLines(response.body) : undefined
    try {
      return lines && { lines, counts: await lines.counts() }
    } catch {
      missing.push(tell(target, directory))
      return undefined
    }
  })
  for (const list of await Promise.all(opening)) if (list !== undefined) lists.push(list)
  return { lists, missing }
}

type Compare = (a: JsonObject, b: JsonObject) => number

/** `a` is of a later list. As `answerList` sorts: what is equal stays in order, and comes backwards where all does. */
function compareBy({ sort, isReversed }: ListAsked, order: readonly OrderedBy[]): Compare {
  const columns = sort === undefined ? order : [{ column: sort }, ...order]
  const sign = isReversed ? -1 : 1
  return (a, b) => {
    for (const { column, isDescending = false, absent } of columns) {
      const compared = compareValues(
        valueAtColumn(a, column) ?? absent,
        valueAtColumn(b, column) ?? absent,
      )
      if (compared !== 0) return isDescending ? -sign * compared : sign * compared
    }
    return sign
  }
}

/** What sorts a list has to be there, also where other columns are asked for. */
function withColumns(
  url: string,
  { columns, sort }: ListAsked,
  order: readonly OrderedBy[],
): string {
  if (columns === undefined) return url
  const ordered = order.map(({ column }) => column)
  const all = new Set([...columns, ...ordered, ...(sort === undefined ? [] : [sort])])
  const start = url.indexOf('?')
  const parameters = new URLSearchParams(url.slice(start))
  parameters.set('columns', [...all].join(','))
  return `${url.slice(0, start)}?${parameters.toString()}`
}

interface Head {
  readonly lines: ListLines
  item: JsonObject
}

/** The least of all heads each time; there are few lists. */
async function* mergeLists(
  lists: readonly OpenedList[],
  compare: Compare,
): AsyncGenerator<JsonObject> {
  const heads: Head[] = []
  for (const { lines } of lists) {
    const item = await lines.next()
    if (item !== undefined) heads.push({ lines, item })
  }
  while (heads.length > 0) {
    let least = 0
    for (let index = 1; index < heads.length; index++) {
      if (compare(heads[index]!.item, heads[least]!.item) < 0) least = index
    }
    const head = heads[least]!
    yield head.item
    const next = await head.lines.next()
    if (next === undefined) heads.splice(least, 1)
    else head.item = next
  }
}

interface PageAsked {
  readonly asked: ListAsked
  readonly opened: { readonly lists: readonly OpenedList[] }
  readonly pick: (item: JsonObject) => JsonObject
  readonly missing: readonly string[]
  readonly request: ClusterRequest
}

async function sendPage(
  merging: AsyncGenerator<JsonObject>,
  { asked, opened: { lists }, pick, missing, request }: PageAsked,
): Promise<Response> {
  const { page = 1, pageSize } = asked
  const total = sum(lists, 'total')
  const found = sum(lists, 'found')
  const start = (page - 1) * pageSize
  if (start > found) {
    await dropLists(lists)
    return refuseList(outOfRange(page, pageSize, found))
  }
  const items: JsonObject[] = []
  let index = 0
  for await (const item of merging) {
    if (index++ < start) continue
    items.push(pick(item))
    if (items.length === pageSize) break
  }
  await dropLists(lists)
  const isOwn = isOwnPath(request.url.slice('/api'.length)) && missing.length > 0
  return Response.json({
    ...pageOf({ total, found, page, pageSize, items }),
    ...(isOwn && { missing }),
  })
}

/** As they come. Where one breaks off so does the answer: it has begun, and cannot say what is missing. */
function sendAll(
  merging: AsyncGenerator<JsonObject>,
  lists: readonly OpenedList[],
  pick: (item: JsonObject) => JsonObject,
): Response {
  let start = '['
  const text = new ReadableStream<string>({
    async pull(controller) {
      const texts: string[] = []
      while (texts.length < adminLimits.listedAtOnceMax) {
        const { value, done } = await merging.next()
        if (done === true) {
          controller.enqueue(
            texts.length > 0 || start === '[' ? `${start}${texts.join(',')}]` : ']',
          )
          controller.close()
          return
        }
        texts.push(JSON.stringify(pick(value)))
      }
      controller.enqueue(`${start}${texts.join(',')}`)
      start = ','
    },
    cancel: () => dropLists(lists),
  })
  return new Response(text.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': 'application/json' },
  })
}

async function dropLists(lists: readonly OpenedList[]): Promise<void> {
  await Promise.all(lists.map(({ lines }) => lines.cancel()))
}

function sum(lists: readonly OpenedList[], count: keyof Counts): number {
  return lists.reduce((all, { counts }) => all + counts[count], 0)
}
