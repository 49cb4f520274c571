// Messages of all queues and topics of a virtual host that a filter finds: where one is now, whoever asks for it
// by its id. It reads what there is from the start, so it goes on from request to request, and says how far it is.
import { z } from 'zod'
import { defaultVHost } from '../../broker/broker.ts'
import type { BrowsePlace, BrowseStart } from '../../broker/browse/browse-start.ts'
import type { BrowsedMessage } from '../../broker/browse/browsed-message.ts'
import { partsOf } from '../../broker/browse/browsed-part.ts'
import { compileFilter, type MessageFilter } from '../../broker/browse/message-filter.ts'
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { searchLimits } from '../../limits/search.ts'
import { badRequest, notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { readStreamPlace } from '../api/stream-place.ts'
import { messageJson } from '../message-json.ts'
import { filterFromJson, filterSchema } from './filter-schema.ts'
import type { GroupParts } from './group-operations.ts'
import { mayDescribe } from './group-rights.ts'

const count = z.number().int().nonnegative()

const bodySchema = z.strictObject({
  filter: filterSchema.describe('Which messages; one condition at least'),
  from: z.string().default('first').describe('first, a time, or an age like 1h'),
  cursor: z.string().optional().describe('Goes on where a request ended: its `next`'),
  count: z.number().int().min(1).max(searchLimits.foundMax).default(searchLimits.foundMax),
})

/** As a search of one queue answers it, and where it is. */
export interface FoundMessageJson {
  readonly [property: string]: unknown
  readonly stream: string
  readonly kind: 'queue' | 'topic'
  readonly groups: readonly { readonly name: string; readonly is_past: boolean }[]
}

export interface MessageSearchJson {
  readonly messages: readonly FoundMessageJson[]
  readonly next: string | null
  readonly progress: {
    readonly streams: number
    readonly streams_total: number
    readonly messages: number
    readonly messages_total: number
  }
  readonly not_allowed: number
  readonly delayed: number
}

const answerSchema: z.ZodType<MessageSearchJson> = z.object({
  messages: z.array(
    z
      .looseObject({
        stream: z.string(),
        kind: z.enum(['queue', 'topic']),
        groups: z
          .array(z.object({ name: z.string(), is_past: z.boolean() }))
          .describe('Groups that read the topic; `is_past`: they go on behind it'),
      })
      .describe('As a search of one queue answers them'),
  ),
  next: z.string().nullable().describe('null: that was all'),
  progress: z.object({
    streams: count.describe('Those that are behind it'),
    streams_total: count,
    messages: count,
    messages_total: count,
  }),
  not_allowed: count.describe('Queues and topics that the caller may not read'),
  delayed: count.describe('Messages that wait at exchanges, into which it does not look'),
})

/** Where it goes on: in this stream, which is the one of this name if that is there still. */
interface Cursor {
  readonly index: number
  readonly name: string
  readonly place?: BrowsePlace | undefined
}

export function searchOperation(parts: GroupParts): Operation {
  const { broker } = parts
  return operation({
    method: 'post',
    path: '/v1/messages/{vhost}/search',
    tag: 'Messages',
    summary:
      'Messages of a whole virtual host that a filter finds; each request looks for half a second',
    access: 'vhost',
    isUntold: true,
    body: bodySchema,
    answers: { 200: answerSchema },
    async handle({ names, body, caller, context }) {
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return notFound(context)
      if (Object.values(body.filter).every((condition) => condition === undefined)) {
        return badRequest(context, 'filter: one condition is needed at least')
      }
      const start = readStreamPlace(body.from, broker.clock.now())
      const isEverywhere = start?.kind === 'first' || start?.kind === 'time'
      if (!isEverywhere) return badRequest(context, 'from: first, a time, or an age like 1h')
      const cursor = body.cursor === undefined ? undefined : readCursor(body.cursor)
      if (cursor === 'wrong') return badRequest(context, 'cursor: not what was answered as next')
      const filter = compileFilter(filterFromJson(body.filter))
      const search = new Search(parts, vhost, { caller, filter, start, count: body.count })
      return search.run(cursor)
    },
  })
}

interface SearchAsked {
  readonly caller: Caller
  readonly filter: MessageFilter
  readonly start: BrowseStart
  readonly count: number
}

class Search {
  readonly #parts: GroupParts
  readonly #vhost: VHost<Destination>
  readonly #asked: SearchAsked
  readonly #found: FoundMessageJson[] = []
  #streams: Destination[] = []
  #passed = 0

  constructor(parts: GroupParts, vhost: VHost<Destination>, asked: SearchAsked) {
    this.#parts = parts
    this.#vhost = vhost
    this.#asked = asked
  }

  async run(cursor: Cursor | undefined): Promise<MessageSearchJson> {
    const { broker } = this.#parts
    const facts = await broker.slices.run(this.#look())
    let index = cursor === undefined ? 0 : this.#indexOf(cursor)
    let place = this.#streams[index]?.name === cursor?.name ? cursor?.place : undefined
    const until = broker.clock.monotonic() + searchLimits.searchMs
    for (; index < this.#streams.length; index++, place = undefined) {
      const isEnough = this.#found.length >= this.#asked.count
      if (isEnough || broker.clock.monotonic() >= until) break
      const next = await this.#search(this.#streams[index]!, place)
      if (next === undefined) continue
      place = next
      break
    }
    const at = this.#streams[index]
    for (const stream of this.#streams.slice(0, index)) this.#passed += stream.messageCount
    if (at !== undefined && place !== undefined) this.#passed += passedIn(at, place)
    return {
      messages: this.#found,
      next: at === undefined ? null : cursorText({ index, name: at.name, place }),
      progress: {
        streams: index,
        streams_total: this.#streams.length,
        messages: Math.min(this.#passed, facts.messages),
        messages_total: facts.messages,
      },
      not_allowed: facts.notAllowed,
      delayed: facts.delayed,
    }
  }

  /** Streams that may be read, and all there is to look at. */
  *#look(): Steps<{ messages: number; notAllowed: number; delayed: number }> {
    const facts = { messages: 0, notAllowed: 0, delayed: 0 }
    const rights = this.#asked.caller.rightsIn(this.#vhost.name)
    let looked = 0
    for (const stream of this.#vhost.queues()) {
      if (++looked % adminLimits.listedAtOnceMax === 0) yield
      if (!rights.may('read', stream.name)) facts.notAllowed++
      else {
        this.#streams.push(stream)
        facts.messages += stream.messageCount
      }
    }
    for (const { delay } of this.#vhost.exchanges()) {
      if (++looked % adminLimits.listedAtOnceMax === 0) yield
      facts.delayed += delay?.messageCount ?? 0
    }
    return facts
  }

  #indexOf({ index, name }: Cursor): number {
    if (this.#streams[index]?.name === name) return index
    const found = this.#streams.findIndex((stream) => stream.name === name)
    return found < 0 ? Math.min(index, this.#streams.length) : found
  }

  /** One page; says where the next one begins. */
  async #search(
    stream: Destination,
    after: BrowsePlace | undefined,
  ): Promise<BrowsePlace | undefined> {
    const hasKept = stream.kind === 'topic' || stream.retained !== undefined
    if (stream.messageCount === 0 && !hasKept) return undefined
    const { start, filter, count: most } = this.#asked
    const asked = { start, after, count: most - this.#found.length, payloadSizeMax: 0, filter }
    const { messages, next } = await this.#parts.broker.browse(stream, asked)
    for (const message of messages) {
      const groups = await this.#parts.broker.slices.run(this.#groupsOf(stream, message))
      const { name, kind } = stream
      this.#found.push({ stream: name, kind, groups, ...messageJson(message) })
    }
    return next
  }

  *#groupsOf(
    { vhost, name: topic, kind }: Destination,
    { partition = 0, offset }: BrowsedMessage,
  ): Steps<{ name: string; is_past: boolean }[]> {
    const { groups } = this.#parts
    const found: { name: string; is_past: boolean }[] = []
    if (kind === 'queue' || vhost !== defaultVHost) return found
    for (const { groupId } of groups.list({ states: [], types: [] })) {
      yield
      const { committed } = groups.fetchOffset(groupId, { topic, partition })
      if (committed === undefined || !mayDescribe(this.#asked.caller, groupId)) continue
      found.push({ name: groupId, is_past: committed.offset > offset })
    }
    return found
  }
}

/** About how many messages of a stream are before a place. */
function passedIn(stream: Destination, { index, offset }: BrowsePlace): number {
  let passed = 0
  for (const { index: partIndex, head, log } of partsOf(stream)) {
    if (partIndex === index) return passed + Math.max(0, offset - head)
    passed += Math.max(0, log.stableEnd - head)
  }
  return passed
}

function cursorText({ index, name, place }: Cursor): string {
  const cursor = [index, name, ...(place === undefined ? [] : [place.index, place.offset])]
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

const cursorSchema = z.union([
  z.tuple([count, z.string()]),
  z.tuple([count, z.string(), count, count]),
])

function readCursor(text: string): Cursor | 'wrong' {
  try {
    const json: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    const [index, name, part, offset] = cursorSchema.parse(json)
    const place = part === undefined ? undefined : { index: part, offset: offset ?? 0 }
    return { index, name, place }
  } catch {
    return 'wrong'
  }
}
