// Where a message would go, and why: nothing is published.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { targetName } from '../../broker/exchange/binding.ts'
import type { ExplainedStep, ExplainedWay } from '../../broker/exchange/explain-route.ts'
import {
  type RouteTest,
  type TestedDestination,
  testRoute,
} from '../../broker/publish/test-route.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import { badRequest } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { vhostOfBody } from '../cluster/ways.ts'
import { exchangeOfPath } from '../rabbitmq/exchange-json.ts'
import { nameText } from '../rabbitmq/fields.ts'
import { encodeProperties, propertiesSchema } from '../rabbitmq/properties-json.ts'
import { propertiesKey } from '../rabbitmq/properties-key.ts'
import { missing } from '../rabbitmq/refusals.ts'

export interface RouteWayJson {
  readonly destination_type: 'queue' | 'exchange'
  readonly destination: string
  readonly bindings: readonly {
    readonly routing_key: string
    readonly arguments: Readonly<Record<string, unknown>>
    readonly properties_key: string
  }[]
  readonly subscribed: boolean
  readonly left_off: boolean
}

export interface RouteStepJson {
  readonly exchange: string
  readonly type: string
  readonly outcome: 'matched' | 'unmatched' | 'repeat' | 'delayed'
  readonly certain: boolean
  readonly chosen_by: 'hash' | 'chance' | null
  readonly leads_to: readonly RouteWayJson[]
  readonly direct_clients: number
  readonly alternate: { readonly name: string; readonly is_there: boolean } | null
}

export interface RouteDestinationJson {
  readonly name: string
  readonly kind: 'queue' | 'topic'
  readonly type: string
  readonly certain: boolean
  readonly partition: number | null
  readonly is_full: boolean
  readonly is_repeat: boolean
}

export interface RouteTestJson {
  readonly routed: boolean
  readonly replies_directly: boolean
  readonly destinations: readonly RouteDestinationJson[]
  readonly steps: readonly RouteStepJson[]
  readonly left_off: boolean
}

const bodySchema = z.strictObject({
  vhost: nameText.default('/'),
  exchange: nameText.describe('Empty, or amq.default: the default exchange'),
  routing_key: nameText.default(''),
  properties: propertiesSchema.default({}).describe('With `headers`, as for publishing'),
})

const leftOff = z.boolean().describe('There are more than are told')

const waySchema: z.ZodType<RouteWayJson> = z.object({
  destination_type: z.enum(['queue', 'exchange']),
  destination: z.string(),
  bindings: z
    .array(
      z.object({
        routing_key: z.string(),
        arguments: z.record(z.string(), z.unknown()),
        properties_key: z.string(),
      }),
    )
    .describe('Each by itself leads there; with `chosen_by`, those there are'),
  subscribed: z.boolean().describe('A subscription of MQTT leads there, which is no binding'),
  left_off: leftOff,
})

const stepSchema: z.ZodType<RouteStepJson> = z.object({
  exchange: z.string(),
  type: z.string(),
  outcome: z
    .enum(['matched', 'unmatched', 'repeat', 'delayed'])
    .describe('`repeat`: it knows the id of the message; `delayed`: the message waits there first'),
  certain: z.boolean().describe('Otherwise the message comes here when chance has it so'),
  chosen_by: z
    .enum(['hash', 'chance'])
    .nullable()
    .describe('Where it follows one of its bindings, and not each that matches'),
  leads_to: z.array(waySchema),
  direct_clients: z
    .number()
    .int()
    .describe('Clients of MQTT that get it at once, past all queues: their subscription has QoS 0'),
  alternate: z
    .object({ name: z.string(), is_there: z.boolean() })
    .nullable()
    .describe('Where it sends what nothing matched'),
})

const destinationSchema: z.ZodType<RouteDestinationJson> = z.object({
  name: z.string(),
  kind: z.enum(['queue', 'topic']),
  type: z.string().describe('classic, quorum or stream'),
  certain: z.boolean().describe('Otherwise the message comes here when chance has it so'),
  partition: z
    .number()
    .int()
    .nullable()
    .describe('Of a topic; null where each of several takes its turn'),
  is_full: z.boolean().describe('It refuses messages now'),
  is_repeat: z.boolean().describe('It has a message with the same id, and drops this one'),
})

const answerSchema: z.ZodType<RouteTestJson> = z.object({
  routed: z.boolean().describe('What a publisher would be told'),
  replies_directly: z
    .boolean()
    .describe('It is an answer to a direct request, which goes past exchanges and queues'),
  destinations: z.array(destinationSchema),
  steps: z.array(stepSchema).describe('Exchanges on the way, in their order'),
  left_off: leftOff,
})

export function routeTestOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path: '/v1/route-test',
    where: vhostOfBody(({ vhost }) => vhost),
    tag: 'Messages',
    summary: 'Say where a message would go, and through which bindings; nothing is published',
    access: 'login',
    isUntold: true,
    body: bodySchema,
    answers: { 200: answerSchema, 404: 'There is no such virtual host or exchange' },
    handle({ body, caller, context }) {
      const vhost = broker.findVHost(body.vhost)
      if (vhost === undefined) return missing(context, 'vhost_not_found')
      const header = encodeProperties(body.properties, 0)
      if (header === undefined) return badRequest(context, 'properties: one is too large')
      const address = encodeAddress(exchangeOfPath(body.exchange), body.routing_key)
      const tested = testRoute(vhost, broker.replies, {
        source: sourceFrom({ address, header, body: Buffer.alloc(0) }),
        publisher: caller.principal,
        rights: caller.rightsIn(vhost.name),
      })
      return testJson(tested)
    },
  })
}

function testJson(tested: RouteTest): RouteTestJson {
  return {
    routed: tested.isRouted,
    replies_directly: tested.isReply,
    destinations: tested.destinations.map(destinationJson),
    steps: tested.steps.map(stepJson),
    left_off: tested.isLeftOff,
  }
}

function destinationJson(tested: TestedDestination): RouteDestinationJson {
  const { name, kind, type } = tested.destination
  return {
    name,
    kind,
    type,
    certain: tested.isCertain,
    partition: tested.partition ?? null,
    is_full: tested.isFull,
    is_repeat: tested.isRepeat,
  }
}

function stepJson(step: ExplainedStep<Destination>): RouteStepJson {
  const { exchange, outcome, choice, isCertain, ways, directCount, alternate } = step
  return {
    exchange: exchange.name,
    type: exchange.type,
    outcome,
    certain: isCertain,
    chosen_by: choice ?? null,
    leads_to: ways.map((way) => wayJson(exchange.name, way)),
    direct_clients: directCount,
    alternate:
      alternate === undefined ? null : { name: alternate.name, is_there: alternate.isThere },
  }
}

function wayJson(
  exchange: string,
  { target, bindings, isSubscribed, isLeftOff }: ExplainedWay<Destination>,
): RouteWayJson {
  const destination = targetName(target)
  // To the default exchange each queue is bound by its name, and nothing else can be.
  const told = exchange === '' ? [{ routingKey: destination, arguments: emptyTable }] : bindings
  return {
    destination_type: target.kind,
    destination,
    bindings: told.map(({ routingKey, arguments: args }) => ({
      routing_key: routingKey,
      arguments: argumentsToJson(args),
      properties_key: propertiesKey(routingKey, args),
    })),
    subscribed: isSubscribed,
    left_off: isLeftOff,
  }
}
