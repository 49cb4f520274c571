// A session of MQTT as JSON: whose it is, how long it lasts, and what waits in it.
import { z } from 'zod'
import type { OwnSubscription } from '../../../broker/session/own-subscriptions.ts'
import type { Session } from '../../../broker/session/session.ts'
import { mqttAdminLimits } from '../../../limits/mqtt-admin.ts'
import { decodeAddress } from '../../../record/message/address.ts'
import { topicOfKey } from '../../../record/message/published-topic.ts'

export interface SessionJson {
  readonly vhost: string
  readonly client_id: string
  readonly user: string
  readonly connected: boolean
  readonly connection: string | null
  readonly since: number | null
  readonly expiry_seconds: number | null
  readonly ends_at: number | null
  readonly subscriptions: number
  readonly queue: string | null
  readonly queued: number
  readonly in_flight: number
  readonly qos2_received: number
  readonly qos2_released: number
  readonly will: string | null
}

export interface SubscriptionJson {
  readonly filter: string
  readonly topic_filter: string
  readonly group: string | null
  readonly qos: number
  readonly no_local: boolean
  readonly retain_as_published: boolean
  readonly retain_handling: number
  readonly id: number | null
}

export interface WillJson {
  readonly topic: string
  readonly bytes: number
  readonly retained: boolean
  readonly delay_seconds: number
}

export interface SessionShownJson extends SessionJson {
  readonly subscription_list: readonly SubscriptionJson[]
  readonly will_facts: WillJson | null
  readonly may: { readonly change: boolean }
}

const count = z.number().int()

export const sessionSchema: z.ZodObject = z.object({
  vhost: z.string(),
  client_id: z.string(),
  user: z.string(),
  connected: z.boolean(),
  connection: z.string().nullable().describe('The name of its connection; null while it has none'),
  since: count
    .nullable()
    .describe('When it was connected, or left, in milliseconds since the Unix epoch'),
  expiry_seconds: z
    .number()
    .nullable()
    .describe('How long it outlives its connection; 0: not at all; null: for ever'),
  ends_at: z.number().nullable().describe('When it ends unless its client comes back; null: not'),
  subscriptions: count,
  queue: z
    .string()
    .nullable()
    .describe('Where its messages of QoS 1 and 2 wait; null as long as it asks for none'),
  queued: count.describe('Messages that are to be sent to it'),
  in_flight: count.describe('Messages that its client has not answered'),
  qos2_received: count.describe('Ids of QoS 2 that its client has sent and not released'),
  qos2_released: count.describe('Ids of QoS 2 that its client has received and not completed'),
  will: z.string().nullable().describe('The topic of its will; null for none'),
})

export const subscriptionShape: Readonly<Record<keyof SubscriptionJson, z.ZodType>> = {
  filter: z.string().describe('As it was asked for, $share/GROUP/ included'),
  topic_filter: z.string().describe('What topics are matched with'),
  group: z.string().nullable().describe('That shares it; null: it is its own'),
  qos: count,
  no_local: z.boolean(),
  retain_as_published: z.boolean(),
  retain_handling: count,
  id: count.nullable().describe("The client's number of it"),
}

export const sessionShownSchema: z.ZodType = sessionSchema.extend({
  subscription_list: z
    .array(z.object(subscriptionShape))
    .describe(`The first ${mqttAdminLimits.shownMax}`),
  will_facts: z
    .object({
      topic: z.string(),
      bytes: count,
      retained: z.boolean(),
      delay_seconds: z.number(),
    })
    .nullable(),
  may: z
    .object({ change: z.boolean() })
    .describe('Whether the caller may disconnect and delete it'),
})

export function sessionJson(session: Session): SessionJson {
  const { vhost, clientId, user, client, party, queue, will, subscriptions } = session
  const { inFlight, released } = countsOf(session)
  return {
    vhost,
    client_id: clientId,
    user,
    connected: client !== undefined,
    connection: party?.connection ?? null,
    since: sinceOf(session),
    expiry_seconds: secondsOf(session),
    ends_at: endOf(session),
    subscriptions: subscriptions.size,
    queue: queue?.name ?? null,
    queued: queue?.readyCount ?? 0,
    in_flight: inFlight,
    qos2_received: session.receivedIds.size,
    qos2_released: released,
    will: will === undefined ? null : topicOfWill(will),
  }
}

/** One column of that: lists are sorted by it. */
export function sessionColumn(session: Session, column: string): unknown {
  switch (column) {
    case 'client_id':
      return session.clientId
    case 'user':
      return session.user
    case 'connected':
      return session.client !== undefined
    case 'since':
      return sinceOf(session)
    case 'subscriptions':
      return session.subscriptions.size
    case 'queued':
      return session.queue?.readyCount ?? 0
    default:
      return sessionJson(session)[column as keyof SessionJson]
  }
}

export function subscriptionJson({
  text,
  filter,
  share,
  options,
}: OwnSubscription): SubscriptionJson {
  return {
    filter: text,
    topic_filter: filter,
    group: share ?? null,
    qos: options.qos,
    no_local: options.noLocal,
    retain_as_published: options.retainAsPublished,
    retain_handling: options.retainHandling,
    id: options.id ?? null,
  }
}

export function willJson({ will }: Session): WillJson | null {
  if (will === undefined) return null
  return {
    topic: topicOfWill(will),
    bytes: will.body.length,
    retained: will.retainedAs !== undefined,
    delay_seconds: will.delayMs / 1000,
  }
}

function sinceOf({ client, attachedAt, leftAt }: Session): number | null {
  const at = client === undefined ? leftAt : attachedAt
  return at === 0 ? null : at
}

function secondsOf({ expiryMs, isPersistent }: Session): number | null {
  if (!isPersistent) return 0
  return expiryMs === Infinity ? null : expiryMs / 1000
}

function endOf({ client, leftAt, expiryMs }: Session): number | null {
  return client === undefined && expiryMs !== Infinity ? leftAt + expiryMs : null
}

/** Messages that were sent, and ids of QoS 2 of which no more than the id is left. */
function countsOf({ inFlight }: Session): { inFlight: number; released: number } {
  let released = 0
  for (const [, { holder }] of inFlight.entries()) if (holder === undefined) released++
  return { inFlight: inFlight.size - released, released }
}

function topicOfWill({ topic, address }: NonNullable<Session['will']>): string {
  return topic ?? topicOfKey(decodeAddress(address, 0).routingKey)
}
