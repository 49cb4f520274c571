// A retained message in a list: its topic, and the start of what it says.
import { z } from 'zod'
import type { Broker } from '../../../broker/broker.ts'
import type { BrowsedMessage } from '../../../broker/browse/browsed-message.ts'
import type { Retained } from '../../../broker/session/retained-messages.ts'
import { mqttAdminLimits } from '../../../limits/mqtt-admin.ts'
import { qosHeader } from '../../../record/message/published-topic.ts'
import { payloadJson } from '../../message-json.ts'
import { wholeIn } from '../stream-asked.ts'
import type { MqttPlace, RetainedView } from './mqtt-parts.ts'

export interface RetainedJson {
  readonly vhost: string
  readonly topic: string
  readonly payload_bytes: number
  readonly offset: number
  readonly expires_at: number | null
  readonly time: number | null
  readonly qos: number | null
  readonly payload: string | null
  readonly payload_encoding: string | null
}

/** What a list shows of the message itself, where that is asked for and can be seen. */
export type ShownValue = Pick<RetainedJson, 'time' | 'qos' | 'payload' | 'payload_encoding'>

const count = z.number().int()

export const valueShape: Readonly<Record<keyof ShownValue, z.ZodType>> = {
  time: count
    .nullable()
    .describe('When it was published, in milliseconds since the Unix epoch; null where not asked'),
  qos: count.nullable().describe('That it was published with'),
  payload: z
    .string()
    .nullable()
    .describe('Its start; null where it was not asked for, or the caller may not read the topic'),
  payload_encoding: z.string().nullable().describe('string or base64'),
}

export const retainedSchema: z.ZodType = z.object({
  vhost: z.string(),
  topic: z.string(),
  payload_bytes: count,
  offset: count.describe('Where it is in the queue of retained messages'),
  expires_at: count.nullable().describe('In milliseconds since the Unix epoch; null: never'),
  ...valueShape,
})

export const previewQuery: z.ZodType<number> = wholeIn(0, mqttAdminLimits.previewSizeMax)
  .default(0)
  .describe('Bytes of each payload that are shown; needs a page')

export const noValue: ShownValue = { time: null, qos: null, payload: null, payload_encoding: null }

/** A message of the retained ones of a virtual host. */
export interface RetainedAt {
  readonly place: MqttPlace
  readonly topic: string
  readonly retained: Retained
}

/** Looks up the starts of payloads for a page of a list. */
export class Previews {
  readonly #broker: Broker
  readonly #sizeMax: number
  readonly #values = new Map<Retained, ShownValue>()

  constructor(broker: Broker, sizeMax: number) {
    this.#broker = broker
    this.#sizeMax = sizeMax
  }

  of(retained: Retained | undefined): ShownValue {
    return (retained && this.#values.get(retained)) ?? noValue
  }

  /** Of those that the view lets be seen. */
  async look(
    shown: readonly RetainedAt[],
    viewOf: (place: MqttPlace) => RetainedView,
  ): Promise<void> {
    if (this.#sizeMax === 0) return
    for (const { place, topic, retained } of shown) {
      if (!viewOf(place).seesValue(topic)) continue
      const message = await findRetained(this.#broker, { place, retained }, this.#sizeMax)
      if (message !== undefined) this.#values.set(retained, valueOf(message))
    }
  }
}

/** The message; undefined when it has gone meanwhile. */
export async function findRetained(
  broker: Broker,
  { place, retained }: Pick<RetainedAt, 'place' | 'retained'>,
  payloadSizeMax: number,
): Promise<BrowsedMessage | undefined> {
  const { queue } = place.sessions.retained
  if (queue === undefined || queue.isDeleted) return undefined
  return broker.browser.find(queue, {
    offset: retained.offset,
    partition: undefined,
    payloadSizeMax,
  })
}

export function retainedJson(
  { place, topic, retained }: RetainedAt,
  value: ShownValue,
): RetainedJson {
  return {
    vhost: place.vhost.name,
    topic,
    payload_bytes: retained.size,
    offset: retained.offset,
    expires_at: retained.expiresAt === Infinity ? null : retained.expiresAt,
    ...value,
  }
}

/** What it was published with: by its headers, as `publishQosOf` reads them. */
export function qosOf({ properties }: BrowsedMessage): number | null {
  if (properties === undefined) return null
  if (properties.deliveryMode !== 2) return 0
  return properties.headers?.get(qosHeader)?.value === 2 ? 2 : 1
}

function valueOf(message: BrowsedMessage): ShownValue {
  const { payload, payloadSize, timestamp } = message
  const shown = payload && payloadJson(payload, payloadSize)
  return {
    time: timestamp,
    qos: qosOf(message),
    payload: (shown?.['payload'] as string | undefined) ?? null,
    payload_encoding: (shown?.['payload_encoding'] as string | undefined) ?? null,
  }
}
