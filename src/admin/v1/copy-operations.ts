// What `pabal move kafka` hands over: topics, their batches with the offsets that they have at the source, and
// how far groups have read them.
import { z } from 'zod'
import { BrokerError } from '../../broker/broker-error.ts'
import { defaultVHost, type Broker } from '../../broker/broker.ts'
import type { OffsetToCommit } from '../../broker/group/commit-offsets.ts'
import type { GroupCoordinator } from '../../broker/group/group-coordinator.ts'
import { copyBatches } from '../../broker/move/copy-batches.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { moveLimits } from '../../limits/move.ts'
import { badRequest, roomToDeclare } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'

const tag = 'Moves'
const access = 'administrator'

const offset = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const offsetText = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number from 0 on')
  .transform(Number)

const topicState = z.object({
  configs: z.record(z.string(), z.string()).describe('Those that were set'),
  partitions: z.array(
    z.object({
      start_offset: offset,
      end_offset: offset,
      is_copy: z.boolean().describe('Nothing is in it but what was copied'),
    }),
  ),
})

export function copyOperations(broker: Broker, groups: GroupCoordinator): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/moves/topics/{topic}',
      where: 'first',
      tag,
      summary: 'How far a topic is a copy of one elsewhere',
      access,
      answers: { 200: topicState, 404: 'There is no such topic' },
      handle: ({ names }) => stateOf(getTopic(broker, names.topic)),
    }),
    operation({
      method: 'put',
      path: '/v1/moves/topics/{topic}',
      where: 'first',
      tag,
      summary: 'Make a topic for a copy, unless it is there with as many partitions',
      access,
      body: z.strictObject({
        partition_count: z.number().int().min(1),
        configs: z.record(z.string(), z.string()),
      }),
      answers: { 200: topicState, 400: 'It cannot be made, or is there and is another one' },
      async handle({ names, body }) {
        await roomToDeclare(broker)
        const { partition_count: partitionCount, configs } = body
        return stateOf(await makeTopic(broker, names.topic, { partitionCount, configs }))
      },
    }),
    operation({
      method: 'post',
      path: '/v1/moves/topics/{topic}/{partition}/batches',
      where: 'first',
      tag,
      summary: 'Append record batches with their own offsets; the body is one after the other',
      isUntold: true,
      access,
      bodySizeMax: moveLimits.requestSizeMax,
      query: z.strictObject({
        from: offsetText.describe('Where the partition ends'),
        to: offsetText.describe('Where it is to end: behind the last batch there may be nothing'),
        start: offsetText.describe('Where it begins at the source: records below go'),
      }),
      answers: {
        200: z.object({ end_offset: offset }),
        400: 'The batches are not as they must be, or do not belong there',
        404: 'There is no such partition',
        429: 'Publishers are blocked, as the broker is short of memory or disk: ask again later',
      },
      async handle({ names, query: { from, to, start }, context }) {
        const batches = Buffer.from(await context.req.arrayBuffer())
        const { reason } = broker.shortage
        if (reason !== undefined) return context.json({ error: 'blocked', reason }, 429)
        const partition = getTopic(broker, names.topic).partitions[Number(names.partition)]
        if (partition === undefined) throw noTopic(`${names.topic}-${names.partition}`)
        await whenDurable(await copyBatches(partition, { from, to, batches }, broker.clock))
        // What is at the source no more is not copied, but for what compaction may have left before it.
        const first = Math.min(start, partition.highWatermark)
        if (first > partition.startOffset) await whenDurable(broker.trim(partition, first))
        return { end_offset: partition.log.endOffset }
      },
    }),
    offsetsOperation(groups),
  ]
}

function offsetsOperation(groups: GroupCoordinator): Operation {
  return operation({
    method: 'post',
    path: '/v1/moves/groups/{group}/offsets',
    where: 'first',
    tag,
    summary: 'Let a group go on where it was elsewhere; it is never set back',
    access,
    body: z.strictObject({
      offsets: z
        .array(
          z.strictObject({
            topic: z.string(),
            partition: z.number().int().min(0),
            offset,
            metadata: z.string(),
          }),
        )
        .max(kafkaLimits.committedAtOnceMax),
    }),
    answers: {
      200: z.object({
        set: z.number().int().describe('So many partitions'),
        kept: z.number().int().describe('So many where the group has read as far already'),
        reason: z.string().optional().describe('Why others were not set'),
      }),
    },
    async handle({ names: { group }, body, context }) {
      if (group === '') return badRequest(context, 'a group has a name')
      const ahead = body.offsets.filter(({ topic, partition, offset: wanted }) => {
        const { committed } = groups.fetchOffset(group, { topic, partition })
        return committed === undefined || committed.offset < wanted
      })
      const errors = await commit(
        groups,
        group,
        ahead.map((each) => ({ ...each, leaderEpoch: -1 })),
      )
      const failed = errors.filter((error) => error !== undefined)
      return {
        set: ahead.length - failed.length,
        kept: body.offsets.length - ahead.length,
        ...(failed[0] !== undefined && { reason: wordsOf(failed[0]) }),
      }
    },
  })
}

function commit(
  groups: GroupCoordinator,
  groupId: string,
  offsets: readonly OffsetToCommit[],
): Promise<readonly (string | undefined)[]> {
  if (offsets.length === 0) return Promise.resolve([])
  return new Promise((resolve) => {
    const nobody = { memberId: '', instanceId: undefined, generation: -1, retentionMs: undefined }
    groups.commitOffsets({ groupId, ...nobody, offsets, knowsMissingGroup: true }, resolve)
  })
}

function wordsOf(error: string): string {
  return error === 'unknown_member_id' ? 'the group has members here' : error.replaceAll('_', ' ')
}

/** Throws `queue_not_found`. */
function getTopic(broker: Broker, name: string): Topic {
  const topic = broker.topicsOf(broker.getVHost(defaultVHost)).find(name)?.topic
  if (topic === undefined) throw noTopic(name)
  return topic
}

function noTopic(name: string): BrokerError {
  return new BrokerError('queue_not_found', `there is no topic '${name}'`)
}

interface MadeTopic {
  readonly partitionCount: number
  readonly configs: Readonly<Record<string, string>>
}

/** Throws what `Topics.create` throws, and `precondition_failed` for one with other partitions. */
async function makeTopic(broker: Broker, name: string, made: MadeTopic): Promise<Topic> {
  const topics = broker.topicsOf(broker.getVHost(defaultVHost))
  const existing = topics.find(name)?.topic
  if (existing === undefined) {
    const { topic, ticket } = topics.create({ name, ...made, isProvisional: false })
    await whenDurable(ticket)
    return topic
  }
  const count = existing.partitions.length
  if (count === made.partitionCount) return existing
  const text = `topic '${name}' has ${count} partitions, not ${made.partitionCount}`
  throw new BrokerError('precondition_failed', text)
}

function stateOf({ config, partitions }: Topic): object {
  return {
    configs: config.overrides,
    partitions: partitions.map(({ startOffset, log, copiedEnd }) => ({
      start_offset: startOffset,
      end_offset: log.endOffset,
      is_copy: log.endOffset === copiedEnd,
    })),
  }
}
