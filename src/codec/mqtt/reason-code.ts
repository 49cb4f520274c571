// MQTT 5's reason codes (section 2.4) and the packets that they may stand in, from either side.
import {
  AUTH,
  CONNACK,
  DISCONNECT,
  PUBACK,
  PUBCOMP,
  PUBREC,
  PUBREL,
  type Sender,
  SUBACK,
  UNSUBACK,
} from './packet-type.ts'

export const reasonCode = {
  success: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reauthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationError: 0x83,
  unsupportedVersion: 0x84,
  clientIdNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdInUse: 0x91,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdsNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const

interface CodeUse {
  readonly code: number
  /** Types of packets from clients that may carry it. */
  readonly client: readonly number[]
  readonly server: readonly number[]
}

const answers = [PUBACK, PUBREC]

/** Who may send which code in what. */
export const codeUses: readonly CodeUse[] = [
  both(
    reasonCode.success,
    [...answers, PUBREL, PUBCOMP, DISCONNECT],
    [CONNACK, SUBACK, UNSUBACK, AUTH],
  ),
  both(reasonCode.grantedQos1, [], [SUBACK]),
  both(reasonCode.grantedQos2, [], [SUBACK]),
  { code: reasonCode.disconnectWithWill, client: [DISCONNECT], server: [] },
  both(reasonCode.noMatchingSubscribers, answers),
  both(reasonCode.noSubscriptionExisted, [], [UNSUBACK]),
  both(reasonCode.continueAuthentication, [AUTH]),
  { code: reasonCode.reauthenticate, client: [AUTH], server: [] },
  both(reasonCode.unspecifiedError, [...answers, DISCONNECT], [CONNACK, SUBACK, UNSUBACK]),
  both(reasonCode.malformedPacket, [DISCONNECT], [CONNACK]),
  both(reasonCode.protocolError, [DISCONNECT], [CONNACK]),
  both(reasonCode.implementationError, [...answers, DISCONNECT], [CONNACK, SUBACK, UNSUBACK]),
  both(reasonCode.unsupportedVersion, [], [CONNACK]),
  both(reasonCode.clientIdNotValid, [], [CONNACK]),
  both(reasonCode.badUserNameOrPassword, [], [CONNACK]),
  both(reasonCode.notAuthorized, answers, [CONNACK, SUBACK, UNSUBACK, DISCONNECT]),
  both(reasonCode.serverUnavailable, [], [CONNACK]),
  both(reasonCode.serverBusy, [], [CONNACK, DISCONNECT]),
  both(reasonCode.banned, [], [CONNACK]),
  both(reasonCode.serverShuttingDown, [], [DISCONNECT]),
  both(reasonCode.badAuthenticationMethod, [], [CONNACK]),
  both(reasonCode.keepAliveTimeout, [], [DISCONNECT]),
  both(reasonCode.sessionTakenOver, [], [DISCONNECT]),
  both(reasonCode.topicFilterInvalid, [], [SUBACK, UNSUBACK, DISCONNECT]),
  both(reasonCode.topicNameInvalid, [...answers, DISCONNECT], [CONNACK]),
  both(reasonCode.packetIdInUse, answers, [SUBACK, UNSUBACK]),
  both(reasonCode.packetIdNotFound, [PUBREL, PUBCOMP]),
  both(reasonCode.receiveMaximumExceeded, [DISCONNECT]),
  both(reasonCode.topicAliasInvalid, [DISCONNECT]),
  both(reasonCode.packetTooLarge, [DISCONNECT], [CONNACK]),
  both(reasonCode.messageRateTooHigh, [DISCONNECT]),
  both(reasonCode.quotaExceeded, [...answers, DISCONNECT], [CONNACK, SUBACK]),
  both(reasonCode.administrativeAction, [DISCONNECT]),
  both(reasonCode.payloadFormatInvalid, [...answers, DISCONNECT], [CONNACK]),
  both(reasonCode.retainNotSupported, [], [CONNACK, DISCONNECT]),
  both(reasonCode.qosNotSupported, [], [CONNACK, DISCONNECT]),
  both(reasonCode.useAnotherServer, [], [CONNACK, DISCONNECT]),
  both(reasonCode.serverMoved, [], [CONNACK, DISCONNECT]),
  both(reasonCode.sharedSubscriptionsNotSupported, [], [SUBACK, DISCONNECT]),
  both(reasonCode.connectionRateExceeded, [], [CONNACK, DISCONNECT]),
  both(reasonCode.maximumConnectTime, [], [DISCONNECT]),
  both(reasonCode.subscriptionIdsNotSupported, [], [SUBACK, DISCONNECT]),
  both(reasonCode.wildcardSubscriptionsNotSupported, [], [SUBACK, DISCONNECT]),
]

const allowed: Readonly<Record<Sender, ReadonlySet<number>>> = {
  client: new Set(
    codeUses.flatMap(({ code, client }) => client.map((type) => placeOf(type, code))),
  ),
  server: new Set(
    codeUses.flatMap(({ code, server }) => server.map((type) => placeOf(type, code))),
  ),
}

/** Whether a packet of this type may carry the code when it comes from `sender`. */
export function isReasonCodeOf(sender: Sender, type: number, code: number): boolean {
  return allowed[sender].has(placeOf(type, code))
}

/** Packets of both sides, and those of servers alone. */
function both(
  code: number,
  types: readonly number[],
  serverTypes: readonly number[] = [],
): CodeUse {
  return { code, client: types, server: [...types, ...serverTypes] }
}

function placeOf(type: number, code: number): number {
  return (type << 8) | code
}
