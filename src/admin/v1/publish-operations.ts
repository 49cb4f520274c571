// Publishing by HTTP for programs without a client: batches that are answered when they are durable.
import type { Context } from 'hono'
import { z } from 'zod'
import { bodyTooLarge, BrokerError } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { permit } from '../../broker/permit.ts'
import { publishBatch, type PublishedOne } from '../../broker/publish/publish-batch.ts'
import { adminLimits } from '../../limits/admin.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { badRequest, comeAgain } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { decodePayload } from '../rabbitmq/decode-payload.ts'
import { exchangeOfPath } from '../rabbitmq/exchange-json.ts'
import { nameText } from '../rabbitmq/fields.ts'
import { encodeProperties, ownPropertiesSchema } from '../rabbitmq/properties-json.ts'
import { type PublishParts, tooManyUnderWay, whyNotPublished } from '../rabbitmq/publish.ts'
import { missing } from '../rabbitmq/refusals.ts'

const content = {
  properties: ownPropertiesSchema.default({}),
  payload: z.string(),
  payload_encoding: z.enum(['string', 'base64']).default('string'),
}
const toExchange = z.strictObject({ routing_key: nameText.default(''), ...content })
const toStream = z.strictObject(content)

const listed = <T>(message: z.ZodType<T>): z.ZodType<{ messages: T[] }> =>
  z.strictObject({ messages: z.array(message).min(1).max(adminLimits.publishBatchCountMax) })

const resultsSchema = z.object({
  results: z
    .array(
      z.object({
        outcome: z.enum(['routed', 'unroutable', 'refused', 'blocked', 'unknown']),
        reason: z.string().optional().describe('Why it was not published, or is not known'),
      }),
    )
    .describe('One of each message, in their order'),
})

const shared = {
  method: 'post',
  tag: 'Messages',
  access: 'login',
  isUntold: true,
  lines: 'messages',
  bodySizeMax: adminLimits.publishBodySizeMax,
  answers: {
    200: resultsSchema,
    503: 'Nothing was published: publishers are blocked, or too much is being published by HTTP; Retry-After says when to come again',
  },
} as const

interface Batch {
  readonly vhost: string
  readonly exchange: string
  /** Has to be there. */
  readonly queue?: string
  readonly messages: readonly (z.infer<typeof toStream> & { readonly routing_key: string })[]
}

export function publishBatchOperations(parts: PublishParts): Operation[] {
  return [
    operation({
      ...shared,
      path: '/v1/exchanges/{vhost}/{exchange}/messages',
      summary: 'Publish messages to an exchange; answered when all of them are durable',
      body: listed(toExchange),
      handle({ names: { vhost, exchange }, body: { messages }, caller, context }) {
        const batch = { vhost, exchange: exchangeOfPath(exchange), messages }
        return publish(context, parts, caller, batch)
      },
    }),
    operation({
      ...shared,
      path: '/v1/streams/{vhost}/{name}/messages',
      summary:
        'Publish messages to a queue or topic, through the default exchange; the header `x-key` chooses a partition',
      body: listed(toStream),
      handle({ names: { vhost, name }, body, caller, context }) {
        const messages = body.messages.map((message) => ({ ...message, routing_key: name }))
        return publish(context, parts, caller, { vhost, exchange: '', queue: name, messages })
      },
    }),
  ]
}

async function publish(
  context: Context,
  { broker, clients, messageSizeMax, mqtt, underWay }: PublishParts,
  caller: Caller,
  { vhost: vhostName, exchange, queue, messages }: Batch,
): Promise<Response> {
  const vhost = broker.findVHost(vhostName)
  if (vhost === undefined) return missing(context, 'vhost_not_found')
  const rights = caller.rightsIn(vhostName)
  permit(rights, 'write', { kind: 'exchange', name: exchange })
  if (vhost.findExchange(exchange) === undefined) return missing(context, 'exchange_not_found')
  if (queue !== undefined && vhost.findQueue(queue) === undefined) {
    return missing(context, 'queue_not_found')
  }
  const sources: RecordSource[] = []
  let size = 0
  for (const [index, message] of messages.entries()) {
    const payload = decodePayload(message)
    if (payload === undefined) {
      return badRequest(context, `messages.${index}.payload: is no base64`)
    }
    if (payload.length > messageSizeMax) throw bodyTooLarge(payload.length, messageSizeMax)
    const header = encodeProperties(message.properties, payload.length)
    if (header === undefined) {
      return badRequest(context, `messages.${index}.properties: one is too large`)
    }
    const address = encodeAddress(exchange, message.routing_key)
    sources.push(sourceFrom({ address, header, body: payload }))
    size += payload.length
  }
  if (underWay.size + size > adminLimits.publishingSizeMax) return tooManyUnderWay(context)
  underWay.size += size
  try {
    const results = await publishBatch(broker, vhost, {
      sources,
      principal: caller.principal,
      rights,
      retention: mqtt.sessions?.retention,
      counters: clients.ofRequests,
      msMax: adminLimits.publishMsMax,
      signal: context.req.raw.signal,
    })
    if (results.every(({ outcome }) => outcome === 'blocked')) {
      const reason = `Nothing was published: ${whyBlocked(broker)}`
      return comeAgain(context, 503, { reason, seconds: adminLimits.blockedRetrySeconds })
    }
    return context.json({ results: results.map(resultJson) })
  } finally {
    underWay.size -= size
  }
}

function whyBlocked({ shortage }: Broker): string {
  const { reason } = shortage
  return reason === undefined
    ? 'its turn did not come in time'
    : `publishers are blocked, the broker is ${reason}`
}

function resultJson(one: PublishedOne): z.infer<typeof resultsSchema>['results'][number] {
  switch (one.outcome) {
    case 'error':
      // Anything else is no answer to a message.
      if (!(one.error instanceof BrokerError)) throw one.error
      return { outcome: 'refused', reason: one.error.message }
    case 'refused':
      return { outcome: 'refused', reason: whyNotPublished.refused }
    case 'late':
      return { outcome: 'unknown', reason: whyNotPublished.late }
    case 'blocked':
      return { outcome: 'blocked', reason: 'Publishers had to wait for too long' }
    default:
      return { outcome: one.outcome }
  }
}
