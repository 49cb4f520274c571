// Consuming by HTTP for programs without a client: messages are leased, and settled by their receipts.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { LeaseRefusal } from '../../broker/lease/lease-refusal.ts'
import type { LeaseOwner, Leases } from '../../broker/lease/leases.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { comeAgain, type ManagementParts } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { gotSchema, readableQueue } from '../rabbitmq/queue-get.ts'
import { answerLeased } from './answer-leased.ts'

const { countMax, waitMsMax, secondsMax, settledMax, retrySeconds } = leaseLimits

const seconds = z.number().int().min(1).max(secondsMax).default(30)
const receipts = z.array(z.string().max(64)).max(settledMax)

const goneSchema = z.object({
  gone: receipts.describe('Receipts that are settled already, or whose time was over'),
})

const shared = { method: 'post', tag: 'Messages', access: 'login', isUntold: true } as const

export function receiveOperations({ broker, leases }: ManagementParts): Operation[] {
  return [receiveOperation(broker, leases), ...leaseOperations(broker, leases)]
}

function ownerOf(
  broker: Broker,
  names: { readonly vhost: string; readonly name: string },
  caller: Caller,
): LeaseOwner {
  return { user: caller.principal.user, queue: readableQueue(broker, names, caller) }
}

function receiveOperation(broker: Broker, leases: Leases): Operation {
  return operation({
    ...shared,
    path: '/v1/queues/{vhost}/{name}/receive',
    summary: 'Lease messages of a queue, waiting for the first one; unsettled ones go back',
    body: z.strictObject({
      count: z.number().int().min(1).max(countMax).default(1),
      wait_ms: z
        .number()
        .int()
        .min(100)
        .max(waitMsMax)
        .default(1000)
        .describe('How long to wait for the first message'),
      visibility: seconds.describe('Seconds until what is not settled goes back to the queue'),
    }),
    answers: {
      200: z.object({ messages: z.array(gotSchema.and(z.object({ receipt: z.string() }))) }),
      429: 'The user has too many leases, or requests that wait; Retry-After says when to come again',
      503: 'Others have too many of them, or somebody has ended the receivers of the user',
    },
    handle({ names, body, caller, context }) {
      const { queue } = ownerOf(broker, names, caller)
      return refusing(context, async () => {
        const leased = await leases.receive(queue, {
          principal: caller.principal,
          rights: caller.rightsIn(queue.vhost),
          count: body.count,
          waitMs: body.wait_ms,
          leaseMs: body.visibility * 1000,
          signal: context.req.raw.signal,
        })
        return answerLeased(context, leased, broker.clock)
      })
    },
  })
}

/** Answers who may have no lease now. */
async function refusing(context: Context, receive: () => Promise<Response>): Promise<Response> {
  try {
    return await receive()
  } catch (error) {
    if (!(error instanceof LeaseRefusal)) throw error
    const { kind, message: reason } = error
    return comeAgain(context, kind === 'too_many' ? 429 : 503, { reason, seconds: retrySeconds })
  }
}

function leaseOperations(broker: Broker, leases: Leases): Operation[] {
  return [
    operation({
      ...shared,
      path: '/v1/queues/{vhost}/{name}/settle',
      summary: 'Ack, requeue or reject leased messages; answered when that is durable',
      body: z.strictObject({
        ack: receipts.default([]),
        requeue: receipts.default([]),
        reject: receipts.default([]).describe('Dead-lettered, or dropped'),
      }),
      answers: { 200: goneSchema, 503: 'The broker is in maintenance' },
      async handle({ names, body, caller }) {
        const settled = (['ack', 'requeue', 'reject'] as const).flatMap((reason) =>
          body[reason].map((receipt) => ({ receipt, reason })),
        )
        const { gone, done } = leases.settle(settled, ownerOf(broker, names, caller))
        await done
        return { gone }
      },
    }),
    operation({
      ...shared,
      path: '/v1/queues/{vhost}/{name}/extend',
      summary: 'Begin the time of leases again',
      body: z.strictObject({ receipts, visibility: seconds }),
      answers: { 200: goneSchema, 503: 'The broker is in maintenance' },
      handle({ names, body, caller }) {
        const owner = ownerOf(broker, names, caller)
        const leaseMs = body.visibility * 1000
        return { gone: body.receipts.filter((one) => !leases.extend(one, owner, leaseMs)) }
      },
    }),
  ]
}
