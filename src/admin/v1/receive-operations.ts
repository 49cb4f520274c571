// Consuming by HTTP for programs without a client: messages are leased, and settled by their receipts.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import type { LeaseOwner, Leases } from '../../broker/queue/leases.ts'
import { leaseLimits } from '../../limits/leases.ts'
import type { ManagementParts } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { gotJson, gotSchema, readableQueue } from '../rabbitmq/queue-get.ts'

const { countMax, waitMsMax, secondsMax, settledMax } = leaseLimits

const seconds = z.number().int().min(1).max(secondsMax).default(30)
const receipts = z.array(z.string().max(64)).max(settledMax)

const goneSchema = z.object({
  gone: receipts.describe('Receipts that are settled already, or whose time was over'),
})

const shared = { method: 'post', tag: 'Messages', access: 'login', isUntold: true } as const

export function receiveOperations({ broker, clients, leases }: ManagementParts): Operation[] {
  return [receiveOperation(broker, clients, leases), ...leaseOperations(broker, leases)]
}

function ownerOf(
  broker: Broker,
  names: { readonly vhost: string; readonly name: string },
  caller: Caller,
): LeaseOwner {
  return { user: caller.principal.user, queue: readableQueue(broker, names, caller) }
}

function receiveOperation(broker: Broker, clients: ClientRegistry, leases: Leases): Operation {
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
    },
    async handle({ names, body, caller, context }) {
      const { user, queue } = ownerOf(broker, names, caller)
      const leased = await leases.receive(queue, {
        user,
        count: body.count,
        waitMs: body.wait_ms,
        leaseMs: body.visibility * 1000,
        signal: context.req.raw.signal,
        counters: clients.ofRequests,
      })
      return {
        messages: leased.map(({ receipt, message }) => ({
          receipt,
          ...gotJson(message, 'auto'),
        })),
      }
    },
  })
}

function leaseOperations(broker: Broker, leases: Leases): Operation[] {
  return [
    operation({
      ...shared,
      path: '/v1/queues/{vhost}/{name}/settle',
      summary: 'Ack, requeue or reject leased messages',
      body: z.strictObject({
        ack: receipts.default([]),
        requeue: receipts.default([]),
        reject: receipts.default([]).describe('Dead-lettered, or dropped'),
      }),
      answers: { 200: goneSchema },
      handle({ names, body, caller }) {
        const owner = ownerOf(broker, names, caller)
        const gone = (['ack', 'requeue', 'reject'] as const).flatMap((reason) =>
          body[reason].filter((receipt) => !leases.settle(receipt, owner, reason)),
        )
        return { gone }
      },
    }),
    operation({
      ...shared,
      path: '/v1/queues/{vhost}/{name}/extend',
      summary: 'Begin the time of leases again',
      body: z.strictObject({ receipts, visibility: seconds }),
      answers: { 200: goneSchema },
      handle({ names, body, caller }) {
        const owner = ownerOf(broker, names, caller)
        const leaseMs = body.visibility * 1000
        return { gone: body.receipts.filter((one) => !leases.extend(one, owner, leaseMs)) }
      },
    }),
  ]
}
