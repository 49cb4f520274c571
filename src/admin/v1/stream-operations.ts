// Streams: queues and topics in one list, with who reads them, and what is done to several at once.
import { z } from 'zod'
import { BrokerError, queueNotFound, queueResource } from '../../broker/broker-error.ts'
import type { Destination } from '../../broker/destination.ts'
import { pauseQueue, resumeQueue } from '../../broker/pause.ts'
import { permit, permitConfigure } from '../../broker/permit.ts'
import type { whenDurable } from '../../broker/when-durable.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { type ManagementParts, roomToDeclare } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { joinLists, splitByVHost } from '../cluster/ways.ts'
import { doToEach } from './do-to-each.ts'
import { streamConsumerOperations } from './stream-consumer-operations.ts'
import type { StreamFacts } from './stream-facts.ts'
import { streamListOperation } from './stream-list-operation.ts'
import { streamShowOperations } from './stream-show-operations.ts'

const tag = 'Streams'
const count = z.number().int()

const chosenBody = z.strictObject({
  streams: z
    .array(z.strictObject({ vhost: z.string(), name: z.string() }))
    .max(adminLimits.streamsAtOnceMax),
  dry_run: z.boolean().optional().describe('Only show what would be done'),
})

const chosenSchema = z.object({
  done: z.array(
    z.object({
      vhost: z.string(),
      name: z.string(),
      messages: count,
      consumers: count.describe('That it has, or had'),
    }),
  ),
  refused: z.array(z.object({ vhost: z.string(), name: z.string(), reason: z.string() })),
})

type StreamParts = Pick<
  ManagementParts,
  'broker' | 'groups' | 'shareGroups' | 'clients' | 'statistics' | 'mqtt'
>

export function streamOperations(parts: StreamParts, facts: StreamFacts): Operation[] {
  return [
    streamListOperation(parts, facts),
    ...streamShowOperations(parts, facts),
    ...streamConsumerOperations(parts),
    ...changeOperations(parts),
  ]
}

interface Change {
  readonly verb: 'delete' | 'purge' | 'pause' | 'resume'
  readonly summary: string
  /** What the caller needs on each. */
  readonly right: 'delete' | 'alter' | 'read'
  /** Says what would be done for a `dry_run`, and does it otherwise. */
  readonly act: (stream: Destination, isDry: boolean) => Done
}

function changeOperations(parts: StreamParts): Operation[] {
  const { broker } = parts
  const changes: readonly Change[] = [
    {
      verb: 'delete',
      summary: 'Delete streams with their messages and bindings, whatever is in their names',
      right: 'delete',
      act(stream, isDry) {
        const { messageCount: messages, consumerCount: consumers } = stream
        return { messages, consumers, ticket: isDry ? undefined : broker.deleteQueue(stream) }
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
        const { consumerCount: consumers } = stream
        if (isDry) return { messages: stream.readyCount, consumers, ticket: undefined }
        const { count: messages, ticket } = broker.purgeQueue(stream)
        return { messages, consumers, ticket }
      },
    },
    {
      verb: 'pause',
      summary: 'Deliver nothing of work queues until they are resumed; publishers go on',
      right: 'alter',
      act: (stream, isDry) => pauseOne(broker, stream, isDry, pauseQueue),
    },
    {
      verb: 'resume',
      summary: 'Deliver again what is in paused queues',
      right: 'alter',
      act: (stream, isDry) => pauseOne(broker, stream, isDry, resumeQueue),
    },
  ]
  return changes.map(({ verb, summary, right, act }) =>
    operation({
      method: 'post',
      path: `/v1/streams/${verb}`,
      where: splitByVHost({ list: 'streams', merge: joinLists('done', 'refused') }),
      tag,
      summary,
      access: 'management',
      body: chosenBody,
      bodySizeMax: adminLimits.chosenBodySizeMax,
      answers: { 200: chosenSchema },
      handle: ({ body, caller }) =>
        doToEach(body.streams, async ({ vhost, name }) => {
          await roomToDeclare(broker)
          await broker.slices.run(oneStep())
          const stream = broker.findVHost(vhost)?.findQueue(name)
          if (stream === undefined) throw queueNotFound(vhost, name)
          permitFor(caller, right, stream)
          const { messages, consumers, ticket } = act(stream, body.dry_run === true)
          return { done: { vhost, name, messages, consumers }, ticket }
        }),
    }),
  )
}

function pauseOne(
  broker: StreamParts['broker'],
  stream: Destination,
  isDry: boolean,
  change: typeof pauseQueue,
): Done {
  if (stream.kind === 'topic') {
    throw new BrokerError(
      'not_implemented',
      'a topic is not paused: its readers have their own pace',
    )
  }
  const { messageCount: messages, consumerCount: consumers } = stream
  return { messages, consumers, ticket: isDry ? undefined : change(broker, stream) }
}

/** Throws `access_refused`, and `resource_locked` for a queue of one connection. */
function permitFor(caller: Caller, right: Change['right'], stream: Destination): void {
  const { vhost, name } = stream
  const rights = caller.rightsIn(vhost)
  if (right === 'read') permit(rights, right, { kind: 'queue', name })
  else permitConfigure(rights, right, { kind: 'queue', name })
  if (!stream.isExclusive) return
  const resource = queueResource(vhost, name)
  throw new BrokerError('resource_locked', `cannot obtain exclusive access to locked ${resource}`)
}

type Done = {
  readonly messages: number
  readonly consumers: number
  readonly ticket: Parameters<typeof whenDurable>[0]
}

/** A turn for others. */
function* oneStep(): Steps<void> {
  yield
}
