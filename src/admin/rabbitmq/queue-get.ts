// POST …/queues/VHOST/NAME/get: takes messages off a queue, as so many basic.get would.
import { z } from 'zod'
import { BrokerError, queueResource } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import { getUsableQueue } from '../../broker/declare-queue.ts'
import { permit } from '../../broker/permit.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import { type TakenMessage, takeMessages } from '../../broker/queue/take-messages.ts'
import type { SettleReason } from '../../broker/unacked-deliveries.ts'
import { adminLimits } from '../../limits/admin.ts'
import { fieldValue } from '../../record/message/field-table.ts'
import { FieldTable } from '../../record/message/field-table.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { payloadJson, propertiesJson } from '../message-json.ts'
import { wholeNumber } from './fields.ts'
import { missing, onChannel } from './refusals.ts'

const ackModes = [
  'ack_requeue_true',
  'ack_requeue_false',
  'reject_requeue_true',
  'reject_requeue_false',
] as const

/** What becomes of the messages; undefined: they are taken without acks. */
const settles: Readonly<Record<(typeof ackModes)[number], SettleReason | undefined>> = {
  ack_requeue_true: 'requeue',
  ack_requeue_false: undefined,
  reject_requeue_true: 'fail',
  reject_requeue_false: 'reject',
}

const count = z.number().int().nonnegative()

export const gotSchema: z.ZodType = z.object({
  payload_bytes: count,
  redelivered: z.boolean(),
  exchange: z.string(),
  routing_key: z.string(),
  message_count: count.describe('How many are ready behind it'),
  properties: z.record(z.string(), z.unknown()),
  payload: z.string(),
  payload_encoding: z.enum(['string', 'base64']),
})

export function queueGetOperation(broker: Broker, clients: ClientRegistry): Operation {
  return operation({
    method: 'post',
    path: '/queues/{vhost}/{name}/get',
    tag: 'Queues',
    summary: 'Take messages off a queue, or take them and put them back',
    isUntold: true,
    access: 'vhost',
    body: z.object({
      count: wholeNumber.describe(
        `At most ${adminLimits.takenCountMax}; fewer come when they are large`,
      ),
      ackmode: z.enum(ackModes),
      encoding: z.enum(['auto', 'base64']),
      truncate: wholeNumber.optional().describe('Bytes of each payload that are shown'),
    }),
    answers: { 200: z.array(gotSchema) },
    handle({ names, body, caller, context }) {
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return missing(context, 'vhost_not_found')
      if (vhost.findQueue(names.name) === undefined) return missing(context, 'queue_not_found')
      return onChannel(context, async () => {
        const messages = await broker.slices.run(
          takeMessages(readableQueue(broker, names, caller), {
            user: caller.principal.user,
            watch: broker.watch,
            count: Math.min(body.count, adminLimits.takenCountMax),
            settle: settles[body.ackmode],
            payloadSizeMax: body.truncate ?? Infinity,
            counters: clients.ofRequests,
          }),
        )
        return context.json(messages.map((message) => gotJson(message, body.encoding)))
      })
    },
  })
}

export function readableQueue(
  broker: Broker,
  names: { readonly vhost: string; readonly name: string },
  caller: Caller,
): Queue {
  permit(caller.rightsIn(names.vhost), 'read', { kind: 'queue', name: names.name })
  const queue = getUsableQueue(broker.getVHost(names.vhost), names.name, {})
  if (queue.kind === 'queue') return queue
  const resource = queueResource(queue.vhost, queue.name)
  throw new BrokerError('not_implemented', `basic.get not supported by stream queues ${resource}`)
}

export function gotJson(
  message: TakenMessage,
  encoding: 'auto' | 'base64',
): Record<string, unknown> {
  const { payload, payloadSize } = message
  return {
    payload_bytes: payloadSize,
    redelivered: message.isRedelivered,
    exchange: message.exchange,
    routing_key: message.routingKey,
    message_count: message.leftCount,
    properties: propertiesJson(withReturnCount(message)),
    ...(encoding === 'auto'
      ? payloadJson(payload, payloadSize)
      : { payload: payload.toString('base64'), payload_encoding: 'base64' }),
  }
}

/** As consumers of quorum queues are told. */
function withReturnCount({ properties, returnCount }: TakenMessage): TakenMessage['properties'] {
  if (returnCount === 0) return properties
  const headers = properties.headers ?? new FieldTable()
  return { ...properties, headers: headers.with('x-delivery-count', fieldValue(returnCount)) }
}
