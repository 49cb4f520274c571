// Streams: queues and topics in one list, with who reads them, and what is done to several at once.
import { z } from 'zod'
import { BrokerError, queueNotFound, queueResource } from '../../broker/broker-error.ts'
import { defaultVHost } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { permit } from '../../broker/permit.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { notFound, roomToDeclare } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, byVHostAndName, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import type { GroupParts } from './group-operations.ts'
import { mayDescribe } from './group-rights.ts'
import { streamJson, streamSchema } from './stream-json.ts'

const tag = 'Streams'
const count = z.number().int()

const streamsQuery = listQuery.and(
  z.object({
    vhost: z.string().optional().describe('Only those of this virtual host'),
    kind: z.enum(['queue', 'topic']).optional(),
  }),
)

const shownSchema = streamSchema.and(
  z.object({
    arguments: z.record(z.string(), z.unknown()),
    effective_policy: z.record(z.string(), z.unknown()),
    oldest: count
      .nullable()
      .describe('When its first message came in, in milliseconds since the Unix epoch'),
    offsets: z.array(z.object({ partition: count, start: count, end: count })),
    groups: z.array(z.object({ name: z.string(), lag: count })),
  }),
)

const chosenBody = z.strictObject({
  streams: z
    .array(z.strictObject({ vhost: z.string(), name: z.string() }))
    .max(adminLimits.streamsAtOnceMax),
  dry_run: z.boolean().optional().describe('Only show what would be done'),
})

const chosenSchema = z.object({
  done: z.array(z.object({ vhost: z.string(), name: z.string(), messages: count })),
  refused: z.array(z.object({ vhost: z.string(), name: z.string(), reason: z.string() })),
})

type Chosen = z.infer<typeof chosenBody>

export function streamOperations(parts: GroupParts): Operation[] {
  return [...lookOperations(parts), ...changeOperations(parts)]
}

function lookOperations(parts: GroupParts): Operation[] {
  const { broker } = parts
  return [
    operation({
      method: 'get',
      path: '/v1/streams',
      tag,
      summary: 'Queues and topics of all virtual hosts that the caller sees',
      access: 'management',
      query: streamsQuery,
      answers: { 200: listOf(streamSchema) },
      handle: ({ query, caller }) => {
        return answerList(broker.slices, query, {
          items: streamsOf(visibleVHosts(broker, caller), query),
          json: (stream) => ({ ...streamJson(stream) }),
          nameOf: ({ name }) => name,
          compare: byVHostAndName,
        })
      },
    }),
    operation({
      method: 'get',
      path: '/v1/streams/{vhost}/{name}',
      tag,
      summary: 'A queue or a topic: its settings, its oldest message, its offsets and who reads it',
      access: 'vhost-visible',
      answers: { 200: shownSchema },
      handle: ({ names, caller, context }) => {
        const stream = broker.findVHost(names.vhost)?.findQueue(names.name)
        return stream === undefined ? notFound(context) : shown(parts, stream, caller)
      },
    }),
  ]
}

interface StreamsAsked {
  readonly vhost?: string | undefined
  readonly kind?: Destination['kind'] | undefined
}

/** One by one: a copy of a long list would take a turn of its own. */
function* streamsOf(
  vhosts: ReturnType<typeof visibleVHosts>,
  asked: StreamsAsked,
): Generator<Destination> {
  for (const vhost of vhosts) {
    if (asked.vhost !== undefined && vhost.name !== asked.vhost) continue
    for (const stream of vhost.queues()) {
      if (asked.kind === undefined || stream.kind === asked.kind) yield stream
    }
  }
}

interface Change {
  readonly verb: 'delete' | 'purge'
  readonly summary: string
  /** What the caller needs on each. */
  readonly right: 'configure' | 'read'
  /** Says what would be done for a `dry_run`, and does it otherwise. */
  readonly act: (stream: Destination, isDry: boolean) => Done
}

function changeOperations(parts: GroupParts): Operation[] {
  const { broker } = parts
  const changes: readonly Change[] = [
    {
      verb: 'delete',
      summary: 'Delete streams with their messages and bindings, whatever is in their names',
      right: 'configure',
      act(stream, isDry) {
        const { messageCount: messages } = stream
        return { messages, ticket: isDry ? undefined : broker.deleteQueue(stream) }
      },
    },
    {
      verb: 'purge',
      summary: 'Drop the ready messages of work queues',
      right: 'read',
      act(stream, isDry) {
        if (stream.kind === 'topic') {
          throw new BrokerError('not_implemented', 'a topic is not purged: its retention trims it')
        }
        if (isDry) return { messages: stream.readyCount, ticket: undefined }
        const { count: messages, ticket } = broker.purgeQueue(stream)
        return { messages, ticket }
      },
    },
  ]
  return changes.map(({ verb, summary, right, act }) =>
    operation({
      method: 'post',
      path: `/v1/streams/${verb}`,
      tag,
      summary,
      access: 'management',
      body: chosenBody,
      bodySizeMax: adminLimits.chosenBodySizeMax,
      answers: { 200: chosenSchema },
      handle: ({ body, caller }) =>
        doToEach(parts, body, (stream) => {
          permitFor(caller, right, stream)
          return act(stream, body.dry_run === true)
        }),
    }),
  )
}

/** Throws `access_refused`, and `resource_locked` for a queue of one connection. */
function permitFor(caller: Caller, operation: 'configure' | 'read', stream: Destination): void {
  const { vhost, name } = stream
  permit(caller.rightsIn(vhost), operation, { kind: 'queue', name })
  if (!stream.isExclusive) return
  const resource = queueResource(vhost, name)
  throw new BrokerError('resource_locked', `cannot obtain exclusive access to locked ${resource}`)
}

type Done = {
  readonly messages: number
  readonly ticket: Parameters<typeof whenDurable>[0]
}

/** Each by itself: one that is refused holds no other up. Answered when all of it is durable. */
async function doToEach(
  { broker }: GroupParts,
  { streams }: Chosen,
  act: (stream: Destination) => Done,
): Promise<z.infer<typeof chosenSchema>> {
  const result: z.infer<typeof chosenSchema> = { done: [], refused: [] }
  let last: Done['ticket']
  for (const { vhost, name } of streams) {
    await roomToDeclare(broker)
    try {
      const stream = broker.findVHost(vhost)?.findQueue(name)
      if (stream === undefined) throw queueNotFound(vhost, name)
      const { messages, ticket } = act(stream)
      last = ticket ?? last
      result.done.push({ vhost, name, messages })
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      result.refused.push({ vhost, name, reason: error.message })
    }
    await broker.slices.run(oneStep())
  }
  await whenDurable(last)
  return result
}

/** A turn for others. */
function* oneStep(): Steps<void> {
  yield
}

async function shown(
  parts: GroupParts,
  stream: Destination,
  caller: Caller,
): Promise<z.infer<typeof shownSchema>> {
  const { broker } = parts
  const head = { start: { kind: 'head' }, count: 1, payloadSizeMax: 0 } as const
  const { messages } = await broker.browse(stream, head)
  const partitions =
    stream.kind === 'topic'
      ? stream.partitions.map(({ startOffset, highWatermark }) => [startOffset, highWatermark])
      : stream.cursors.map(({ log, acked }) => [acked.floor, log.readableEnd])
  return {
    ...streamJson(stream),
    arguments: argumentsToJson(stream.arguments),
    effective_policy: stream.policy?.definition ?? {},
    oldest: messages[0]?.timestamp ?? null,
    offsets: partitions.map(([start = 0, end = 0], partition) => ({ partition, start, end })),
    groups: await broker.slices.run(groupsOf(parts, stream, caller)),
  }
}

/** Groups that have a place in a stream. */
function* groupsOf(
  { groups, broker }: GroupParts,
  { vhost, name }: Destination,
  caller: Caller,
): Steps<{ name: string; lag: number }[]> {
  const found: { name: string; lag: number }[] = []
  const view =
    vhost === defaultVHost ? broker.topicsOf(broker.getVHost(vhost)).find(name) : undefined
  if (view === undefined) return found
  for (const { groupId } of groups.list({ states: [], types: [] })) {
    yield
    let lag: number | undefined
    for (const [partition, { startOffset, highWatermark }] of view.partitions.entries()) {
      const { committed } = groups.fetchOffset(groupId, { topic: name, partition })
      if (committed === undefined) continue
      lag = (lag ?? 0) + Math.max(0, highWatermark - Math.max(committed.offset, startOffset))
    }
    if (lag !== undefined && mayDescribe(caller, groupId)) found.push({ name: groupId, lag })
  }
  return found
}
