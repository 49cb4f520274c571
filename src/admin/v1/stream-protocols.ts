// What lists say a queue or topic is used with: the protocol that made it for itself, those of its consumers, and what
// counters tell.
import type { ClientProtocol } from '../../auth/principal.ts'
import { isStompQueueName } from '../../broker/client/stomp-queue-name.ts'
import { QueueCounters } from '../../broker/counters/queue-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import type { Party } from '../../broker/trace/party.ts'
import { adminLimits } from '../../limits/admin.ts'

export const streamProtocols = ['amqp', 'kafka', 'mqtt', 'stomp'] as const
export type StreamProtocol = (typeof streamProtocols)[number]

export interface ProtocolFacts {
  /** Consumer groups have a place in it. */
  readonly hasGroups: boolean
  /** MQTT made it for clients of its own. */
  readonly isSessionQueue: boolean
}

/** Of a queue or topic that nothing has happened to, which has none of its own. */
const noCounters = new QueueCounters()

const shownAs: Readonly<Record<ClientProtocol, StreamProtocol>> = {
  'AMQP 0-9-1': 'amqp',
  Kafka: 'kafka',
  MQTT: 'mqtt',
  STOMP: 'stomp',
  HTTP: 'amqp',
}

/** In the order of `streamProtocols`. */
export function protocolsOf(
  stream: Destination,
  { hasGroups, isSessionQueue }: ProtocolFacts,
): StreamProtocol[] {
  const used = new Set<StreamProtocol>(consumersOf(stream))
  const { usedCounters: counters = noCounters } = stream
  if (isSessionQueue) used.add('mqtt')
  if (isStompQueueName(stream.name)) used.add('stomp')
  const isOwn = isSessionQueue || isStompQueueName(stream.name)
  // What comes in by an exchange does not say from whom: it is not what such a queue is there for.
  const published = isOwn ? 0 : counters.published - counters.produced
  if (published + takenByAmqp(counters) > 0) used.add('amqp')
  if (hasGroups || counters.produced + counters.fetched > 0) used.add('kafka')
  return streamProtocols.filter((each) => used.has(each))
}

/** Taken one by one: by AMQP, or by HTTP. */
function takenByAmqp(counters: QueueCounters): number {
  const { delivered, deliveredNoAck, deliveredToOthers, deliveredNoAckToOthers } = counters
  const { got, gotNoAck, gotEmpty } = counters
  const consumed = delivered - deliveredToOthers + deliveredNoAck - deliveredNoAckToOthers
  return consumed + got + gotNoAck + gotEmpty
}

/** Of its consumers, as many as lists look at. A queue on a topic is AMQP's. */
function* consumersOf(stream: Destination): Generator<StreamProtocol> {
  let left = adminLimits.consumersLookedAtMax
  for (const party of partiesOf(stream)) {
    if (left-- === 0) return
    if (party !== undefined) yield shownAs[party.protocol]
  }
  if (stream.kind === 'topic' && stream.subscriptions.size > 0) yield 'amqp'
}

function* partiesOf(stream: Destination): Generator<Party | undefined> {
  if (stream.kind === 'topic') for (const { party } of stream.observers) yield party
  else for (const { sink } of stream.consumers) yield sink.party
}
