// Retained messages set and deleted by HTTP. One that is set is published, as a client would: subscribers get it.
import type { Context } from 'hono'
import { z } from 'zod'
import { bodyTooLarge } from '../../../broker/broker-error.ts'
import { publishOnce } from '../../../broker/publish/publish-once.ts'
import { clearAll, deleteRetained } from '../../../broker/session/delete-retained.ts'
import { whyNoTopic } from '../../../broker/session/explain-filter.ts'
import { parseTopicFilter } from '../../../broker/session/topic-filter.ts'
import { whenDurable } from '../../../broker/when-durable.ts'
import { adminLimits } from '../../../limits/admin.ts'
import { mqttAdminLimits } from '../../../limits/mqtt-admin.ts'
import { encodeAddress } from '../../../record/message/address.ts'
import { FieldTable, fieldValue, type FieldInput } from '../../../record/message/field-table.ts'
import { sourceFrom } from '../../../record/message/fill-source.ts'
import type { BasicProperties } from '../../../record/message/properties.gen.ts'
import {
  isKeyExact,
  keyOfTopic,
  qosHeader,
  retainHeader,
  topicHeader,
} from '../../../record/message/published-topic.ts'
import type { RecordSource } from '../../../record/message/record-source.ts'
import { badRequest, notFound } from '../../answers.ts'
import type { Caller } from '../../api/caller.ts'
import { type Operation, operation } from '../../api/operation.ts'
import { decodePayload } from '../../rabbitmq/decode-payload.ts'
import { encodeProperties, ownPropertiesSchema } from '../../rabbitmq/properties-json.ts'
import { type PublishParts, tooManyUnderWay, whyNotPublished } from '../../rabbitmq/publish.ts'
import {
  type MqttAdminParts,
  type MqttPlace,
  permitTopicWrite,
  placeOf,
  RetainedView,
} from './mqtt-parts.ts'

const tag = 'MQTT'
const onePath = '/v1/mqtt/retained/{vhost}/{topic}'
const count = z.number().int()

const setBody = z.strictObject({
  payload: z.string().describe('An empty one takes the message away, and tells subscribers'),
  payload_encoding: z.enum(['string', 'base64']).default('string'),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(1),
  properties: ownPropertiesSchema.default({}),
})

const deleteBody = z.strictObject({
  filter: z.string().describe('Of topics: sensors/+/state; # has all that do not begin with $'),
  dry_run: z.boolean().optional().describe('Only show what would be deleted'),
})

const deletedSchema = z.object({
  topics: count.describe('That were deleted, or would be'),
  payload_bytes: count,
  refused: count.describe('Topics that the caller may not write'),
  examples: z.array(z.string()).describe('Some of the topics'),
})

export type RetainedChangeParts = MqttAdminParts & PublishParts

export function mqttRetainedChanges(parts: RetainedChangeParts): Operation[] {
  return [setOperation(parts), deleteOperation(parts), deleteAllOperation(parts)]
}

function setOperation(parts: RetainedChangeParts): Operation {
  return operation({
    method: 'put',
    path: onePath,
    tag,
    summary: 'Publish a message to a topic and retain it; answered when it is durable',
    access: 'vhost',
    isUntold: true,
    body: setBody,
    bodySizeMax: adminLimits.publishBodySizeMax,
    answers: {
      204: 'It is retained',
      503: 'Too many messages are being published by HTTP',
    },
    async handle({ names, body, caller, context }) {
      const place = await placeOf(parts, names.vhost)
      if (place === undefined) return notFound(context)
      const problem = whyNoTopic(names.topic) ?? (isText(names.topic) ? undefined : 'is no UTF-8')
      if (problem !== undefined) return badRequest(context, `topic: ${problem}`)
      const payload = decodePayload(body)
      if (payload === undefined) return badRequest(context, 'payload: is no base64')
      const source = sourceFor(place, names.topic, { ...body, payload })
      if (source === undefined) return badRequest(context, 'properties: one is too large')
      return publish(context, parts, caller, { place, topic: names.topic, source })
    },
  })
}

function deleteOperation(parts: MqttAdminParts): Operation {
  return operation({
    method: 'delete',
    path: onePath,
    tag,
    summary: 'Delete the retained message of a topic; subscribers are not told',
    access: 'vhost',
    answers: { 204: 'It is gone' },
    async handle({ names, caller, context }) {
      const place = await placeOf(parts, names.vhost)
      if (place === undefined) return notFound(context)
      permitTopicWrite(place, caller, names.topic)
      const { retained } = place.sessions
      if (retained.find(names.topic) === undefined) return notFound(context)
      await whenDurable(clearAll(retained, parts.broker.store, [names.topic]))
      return context.body(null, 204)
    },
  })
}

function deleteAllOperation(parts: MqttAdminParts): Operation {
  const { broker } = parts
  return operation({
    method: 'post',
    path: '/v1/mqtt/retained/{vhost}/delete',
    tag,
    summary: 'Delete the retained messages of the topics of a filter; subscribers are not told',
    access: 'vhost',
    body: deleteBody,
    answers: { 200: deletedSchema },
    async handle({ names, body, caller, context }) {
      const place = await placeOf(parts, names.vhost)
      if (place === undefined) return notFound(context)
      const filter = parseTopicFilter(body.filter)
      if (filter === undefined || filter.share !== undefined) {
        return badRequest(context, 'filter: is no topic filter')
      }
      const view = new RetainedView(place, caller)
      const { retained } = place.sessions
      const deleted = await broker.slices.run(
        deleteRetained(retained, broker.store, {
          filter: filter.filter,
          may: (topic) => view.mayWrite(topic),
          isDry: body.dry_run === true,
          examplesMax: mqttAdminLimits.testedShownMax,
        }),
      )
      await whenDurable(deleted.ticket)
      return {
        topics: deleted.count,
        payload_bytes: deleted.size,
        refused: deleted.refusedCount,
        examples: deleted.examples,
      }
    },
  })
}

interface RetainedSent {
  readonly place: MqttPlace
  readonly topic: string
  readonly source: RecordSource
}

async function publish(
  context: Context,
  { broker, clients, messageSizeMax, underWay }: PublishParts,
  caller: Caller,
  { place, topic, source }: RetainedSent,
): Promise<Response> {
  const size = source.bodyEnd
  if (size > messageSizeMax) throw bodyTooLarge(size, messageSizeMax)
  if (underWay.size + size > adminLimits.publishingSizeMax) return tooManyUnderWay(context)
  const { retained } = place.sessions
  permitTopicWrite(place, caller, topic)
  if (size > 0) retained.prepare(topic)
  source.companion = (stored) => {
    if (size === 0) retained.clear(topic)
    else retained.set(topic, stored)
  }
  underWay.size += size
  try {
    const outcome = await publishOnce(broker, place.vhost, {
      source,
      principal: caller.principal,
      rights: caller.rightsIn(place.vhost.name),
      counters: clients.ofRequests,
      msMax: adminLimits.publishMsMax,
      signal: context.req.raw.signal,
    })
    if (outcome === 'routed' || outcome === 'unroutable') return context.body(null, 204)
    return badRequest(context, whyNotPublished[outcome])
  } finally {
    underWay.size -= size
  }
}

interface SourceAsked {
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly properties: BasicProperties
}

/** As a PUBLISH of a client becomes a message; undefined where a property is too large. */
function sourceFor(
  { exchange }: MqttPlace,
  topic: string,
  { payload, qos, properties }: SourceAsked,
): RecordSource | undefined {
  const isExact = isKeyExact(topic)
  const { deliveryMode: _, headers: asked, ...rest } = properties
  const own: Record<string, FieldInput> = {
    [retainHeader]: true,
    ...(qos === 2 && { [qosHeader]: 2 }),
    ...(!isExact && { [topicHeader]: topic }),
  }
  const given = (asked?.entries ?? []).filter(({ name }) => !ownHeaders.has(name))
  const headers = new FieldTable([
    ...given,
    ...Object.entries(own).map(([name, value]) => ({ name, value: fieldValue(value) })),
  ])
  const header = encodeProperties(
    { ...rest, headers, deliveryMode: qos === 0 ? 1 : 2 },
    payload.length,
  )
  if (header === undefined) return undefined
  const source = sourceFrom({
    address: encodeAddress(exchange, keyOfTopic(topic)),
    header,
    body: payload,
  })
  if (!isExact) source.topic = topic
  return source
}

/** Those say how it was published, which the request itself does. */
const ownHeaders: ReadonlySet<string> = new Set([retainHeader, qosHeader, topicHeader])

/** Names that come in paths may be bytes that are no UTF-8. */
function isText(topic: string): boolean {
  return topic.isWellFormed() && !topic.includes('\0')
}
