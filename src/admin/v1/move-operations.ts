// What `pabal move` hands over: messages as they were in another broker, and what it has to know about their
// target.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { takeOver } from '../../broker/move/take-over.ts'
import { moveLimits } from '../../limits/move.ts'
import { CodecError } from '../../record/codec-error.ts'
import { decodeMessageBlock } from '../../record/message/message-block.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { badRequest, notFound } from '../answers.ts'
import { type Call, type Operation, operation } from '../api/operation.ts'

const tag = 'Moves'

const blocked = 'Publishers are blocked, as the broker is short of memory or disk: ask again later'

export function moveOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'post',
      path: '/v1/moves/queues/{vhost}/{name}/messages',
      tag,
      summary:
        'Put messages into a queue as they were in another broker; the body is a block of them',
      isUntold: true,
      access: 'administrator',
      bodySizeMax: moveLimits.requestSizeMax,
      answers: {
        200: z.object({
          message_count: z.number().int().describe('So many, from the first on, are durable'),
          is_full: z.boolean().describe('The queue has no room for the next one'),
          reason: z.string().optional().describe('Why the next one can never be in a queue'),
        }),
        400: 'The body is not a block of messages',
        404: 'There is no such queue',
        429: blocked,
      },
      handle: (call) => takeMessages(broker, call),
    }),
  ]
}

async function takeMessages(
  broker: Broker,
  { names, context }: Call<'/{vhost}/{name}'>,
): Promise<object> {
  const block = Buffer.from(await context.req.arrayBuffer())
  const queue = broker.findVHost(names.vhost)?.findQueue(names.name)
  if (queue === undefined) return notFound(context)
  // Whoever moves messages has them still.
  const { reason: shortOf } = broker.shortage
  if (shortOf !== undefined) return context.json({ error: 'blocked', reason: shortOf }, 429)
  let sources: RecordSource[]
  try {
    sources = decodeMessageBlock(block)
  } catch (error) {
    if (error instanceof CodecError) return badRequest(context, error.message)
    throw error
  }
  const { count, refusal } = await takeOver(broker, queue, sources)
  const isFull = refusal === 'full'
  const reason = isFull || refusal === undefined ? {} : { reason: refusal.message }
  return { message_count: count, is_full: isFull, ...reason }
}
