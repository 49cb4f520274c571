// SUBSCRIBE (section 3.8): each topic filter is answered for itself, in their order [MQTT-3.8.4-6].
import type { AskedSubscription } from '../../broker/session/subscriptions.ts'
import { parseTopicFilter, systemStart } from '../../broker/session/topic-filter.ts'
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { SUBACK } from '../../codec/mqtt/packet-type.ts'
import { noProperties } from '../../codec/mqtt/properties.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { readSubscribe, type SubscriptionRequest } from '../../codec/mqtt/subscribe.ts'
import { encodeSubscriptionAnswer } from '../../codec/mqtt/subscription-answer.ts'
import { sessionLimits } from '../../limits/session.ts'
import type { Qos } from '../../record/message/published-topic.ts'
import { codeIn, failureOf, MqttError } from './mqtt-error.ts'
import type { OpenPeer } from './open-peer.ts'
import { permitSubscription } from './permit-subscription.ts'
import { maySeeSystem, sendSystemValues } from './system-topics.ts'

/** Throws what ends the connection. */
export function handleSubscribe(peer: OpenPeer, reader: PacketReader): void {
  const { packetId, subscriptions, properties } = readSubscribe(reader)
  const asked = subscriptions.map((request) => askedFor(request, properties.subscriptionId))
  const verdicts = asked.map((each) => judge(peer, each))
  const granted = asked.filter((_, index) => verdicts[index]?.refused === undefined)
  const { sessions, session } = peer.place
  let areNew: readonly boolean[] = []
  let ticket
  try {
    if (granted.length > 0) ({ areNew, ticket } = sessions.subscribe(session, granted))
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    const refused = { code: failure.code, refused: failure.text }
    const all = verdicts.map((each) => (each.refused === undefined ? refused : each))
    send(peer, packetId, all)
    return
  }
  // What ends with the connection need not be on the disk.
  const isKept = session.isPersistent
  peer.answers.addAction(isKept ? ticket : undefined, () => {
    send(peer, packetId, verdicts)
    for (const [index, { filter }] of granted.entries()) {
      sessions.sendRetained(session, filter.text, areNew[index] === true)
      if (filter.filter.startsWith(systemStart)) sendSystemValues(peer, filter.filter)
    }
  })
}

/** Throws MqttError for a shared subscription without a group or a filter [MQTT-4.8.2-1] [MQTT-4.8.2-2]. */
function askedFor(request: SubscriptionRequest, id: number | undefined): AskedSubscription {
  const { qos, isNoLocal, isRetainAsPublished, retainHandling } = request
  const filter = parseTopicFilter(request.filter)
  if (filter === undefined) {
    const text = `'${request.filter}' is no shared subscription`
    throw new MqttError(reasonCode.protocolError, text)
  }
  return {
    filter,
    options: {
      qos: qos as Qos,
      noLocal: isNoLocal,
      retainAsPublished: isRetainAsPublished,
      retainHandling: retainHandling as 0 | 1 | 2,
      ...(id !== undefined && { id }),
    },
  }
}

/** The code of an answer. */
interface Verdict {
  readonly code: number
  /** Why there is no subscription; undefined: there is one. */
  readonly refused?: string
}

/** A group is a queue, of the name that was asked for. */
const nameSizeMax = 255

/** Throws what ends the connection. */
function judge(peer: OpenPeer, { filter, options }: AskedSubscription): Verdict {
  const sizeMax = filter.share === undefined ? sessionLimits.filterSizeMax : nameSizeMax
  if (Buffer.byteLength(filter.text) > sizeMax) {
    return { code: reasonCode.topicFilterInvalid, refused: `more than ${sizeMax} bytes` }
  }
  try {
    permitSubscription(peer.place, peer.context, filter.filter)
  } catch (error) {
    const failure = failureOf(error)
    const { disconnectsUnauthorized } = peer.context.settings
    if (failure === undefined || disconnectsUnauthorized) throw error
    return { code: failure.code, refused: failure.text }
  }
  if (!filter.filter.startsWith(systemStart) || maySeeSystem(peer)) return { code: options.qos }
  return {
    code: reasonCode.notAuthorized,
    refused: '$SYS is for those who administrate or monitor',
  }
}

function send(peer: OpenPeer, packetId: number, verdicts: readonly Verdict[]): void {
  const { version, wantsReasons } = peer
  const answer = {
    type: SUBACK,
    packetId,
    codes: verdicts.map(({ code }) => codeIn(SUBACK, code)),
  } as const
  const reason = verdicts.find(({ refused }) => refused !== undefined)?.refused
  const short = encodeSubscriptionAnswer({ ...answer, properties: noProperties }, version)
  if (reason === undefined || version !== 5 || !wantsReasons) {
    peer.send(short)
    return
  }
  peer.send(encodeSubscriptionAnswer({ ...answer, properties: { reason } }, version), () => short)
}
