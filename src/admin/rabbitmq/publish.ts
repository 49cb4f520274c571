// POST …/exchanges/VHOST/NAME/publish: one message, which is answered when it is durable.
import type { Context } from 'hono'
import { z } from 'zod'
import { bodyTooLarge } from '../../broker/broker-error.ts'
import type { PublishedOnce } from '../../broker/publish/publish-batch.ts'
import { publishOnce } from '../../broker/publish/publish-once.ts'
import { adminLimits } from '../../limits/admin.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import { badRequest, comeAgain, type ManagementParts } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { decodePayload } from './decode-payload.ts'
import { exchangeOfPath } from './exchange-json.ts'
import { nameText } from './fields.ts'
import { encodeProperties, propertiesSchema } from './properties-json.ts'
import { missing, onChannel } from './refusals.ts'

const timedOut =
  'confirm_timeout Timed out waiting for a publisher confirm. The message may still have been enqueued. ' +
  'Check the health of the queues bound to this exchange.'

/** What RabbitMQ says of a message that is not published. */
export const whyNotPublished: Readonly<
  Record<Exclude<PublishedOnce, 'routed' | 'unroutable'>, string>
> = {
  refused: 'rejected Unable to publish message. Check queue limits.',
  blocked: timedOut,
  late: timedOut,
}

/** What is being published by HTTP. */
export interface UnderWay {
  /** Bytes of payloads. */
  size: number
}

export function tooManyUnderWay(context: Context): Response {
  return comeAgain(context, 503, { reason: 'Too many messages are being published', seconds: 1 })
}

/** What is needed to publish, the same for all that do. */
export interface PublishParts extends Pick<
  ManagementParts,
  'broker' | 'clients' | 'messageSizeMax' | 'mqtt'
> {
  readonly underWay: UnderWay
}

export function publishOperation({
  broker,
  clients,
  messageSizeMax,
  mqtt,
  underWay,
}: PublishParts): Operation {
  return operation({
    method: 'post',
    path: '/exchanges/{vhost}/{exchange}/publish',
    tag: 'Exchanges',
    summary: 'Publish a message',
    isUntold: true,
    access: 'vhost',
    bodySizeMax: adminLimits.publishBodySizeMax,
    body: z.object({
      routing_key: nameText,
      properties: propertiesSchema,
      payload: z.string(),
      payload_encoding: z.enum(['string', 'base64']),
    }),
    answers: {
      200: z.object({ routed: z.boolean().describe('Whether it has come into a queue') }),
      503: 'Too many messages are being published by HTTP',
    },
    async handle({ names, body, caller, context }) {
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return missing(context, 'vhost_not_found')
      const exchange = exchangeOfPath(names.exchange)
      if (vhost.findExchange(exchange) === undefined) return missing(context, 'exchange_not_found')
      const payload = decodePayload(body)
      if (payload === undefined) return badRequest(context, 'payload is no base64')
      const header = encodeProperties(body.properties, payload.length)
      if (header === undefined) return badRequest(context, 'a property is too large')
      if (underWay.size + payload.length > adminLimits.publishingSizeMax) {
        return tooManyUnderWay(context)
      }
      underWay.size += payload.length
      try {
        const address = encodeAddress(exchange, body.routing_key)
        const source = sourceFrom({ address, header, body: payload })
        return await onChannel(context, async () => {
          if (payload.length > messageSizeMax) throw bodyTooLarge(payload.length, messageSizeMax)
          const outcome = await publishOnce(broker, vhost, {
            source,
            principal: caller.principal,
            rights: caller.rightsIn(vhost.name),
            retention: mqtt.sessions?.retention,
            counters: clients.ofRequests,
            msMax: adminLimits.publishMsMax,
            signal: context.req.raw.signal,
          })
          if (outcome === 'routed' || outcome === 'unroutable')
            return context.json({ routed: outcome === 'routed' })
          return badRequest(context, whyNotPublished[outcome])
        })
      } finally {
        underWay.size -= payload.length
      }
    },
  })
}
