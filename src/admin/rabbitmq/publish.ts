// POST …/exchanges/VHOST/NAME/publish: one message, which is answered when it is durable.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import { type PublishedOnce, publishOnce } from '../../broker/publish/publish-once.ts'
import { adminLimits } from '../../limits/admin.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { badRequest } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { exchangeOfPath } from './exchange-json.ts'
import { nameText } from './fields.ts'
import { encodeProperties, propertiesSchema } from './properties-json.ts'
import { missing, onChannel } from './refusals.ts'

const why: Readonly<Record<Exclude<PublishedOnce, 'routed' | 'unroutable'>, string>> = {
  refused: 'rejected Unable to publish message. Check queue limits.',
  late:
    'confirm_timeout Timed out waiting for a publisher confirm. The message may still have been enqueued. ' +
    'Check the health of the queues bound to this exchange.',
}

export function publishOperation(broker: Broker, clients: ClientRegistry): Operation {
  /** Bytes of messages that are being published. */
  let sizeUnderWay = 0
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
      if (sizeUnderWay + payload.length > adminLimits.publishingSizeMax) {
        const reason = 'Too many messages are being published'
        return context.json({ error: 'service_unavailable', reason }, 503)
      }
      sizeUnderWay += payload.length
      try {
        const source = sourceOf(encodeAddress(exchange, body.routing_key), header, payload)
        return await onChannel(context, async () => {
          const outcome = await publishOnce(broker, vhost, {
            source,
            principal: caller.principal,
            rights: caller.rightsIn(vhost.name),
            counters: clients.ofRequests,
            msMax: adminLimits.publishMsMax,
          })
          if (outcome === 'refused' || outcome === 'late') return badRequest(context, why[outcome])
          return context.json({ routed: outcome === 'routed' })
        })
      } finally {
        sizeUnderWay -= payload.length
      }
    },
  })
}

function decodePayload({
  payload,
  payload_encoding: encoding,
}: {
  readonly payload: string
  readonly payload_encoding: 'string' | 'base64'
}): Buffer | undefined {
  if (encoding === 'string') return Buffer.from(payload)
  const text = payload.replaceAll(/\s/g, '')
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

function sourceOf(address: Buffer, header: Buffer, body: Buffer): RecordSource {
  const source = new RecordSource()
  source.address = address
  source.addressEnd = address.length
  source.header = header
  source.headerEnd = header.length
  source.body = body
  source.bodyEnd = body.length
  return source
}
