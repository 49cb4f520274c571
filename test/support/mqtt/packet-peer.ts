// Packets in the form that the npm package mqtt-packet has for them.
import type mqttPacket from 'mqtt-packet'
import type { Properties, UserProperties } from '../../../src/codec/mqtt/properties.ts'
import type { SubscriptionRequest } from '../../../src/codec/mqtt/subscribe.ts'
import type { ReadPacket } from './read-packet.ts'

/** Its names of properties, where they are not ours. */
const propertyNames: Readonly<Partial<Record<keyof Properties, string>>> = {
  payloadFormat: 'payloadFormatIndicator',
  messageExpiry: 'messageExpiryInterval',
  subscriptionId: 'subscriptionIdentifier',
  subscriptionIds: 'subscriptionIdentifier',
  sessionExpiry: 'sessionExpiryInterval',
  assignedClientId: 'assignedClientIdentifier',
  willDelay: 'willDelayInterval',
  reason: 'reasonString',
  receiveMax: 'receiveMaximum',
  topicAliasMax: 'topicAliasMaximum',
  maximumQos: 'maximumQoS',
  packetSizeMax: 'maximumPacketSize',
  wildcardAvailable: 'wildcardSubscriptionAvailable',
  subscriptionIdsAvailable: 'subscriptionIdentifiersAvailable',
  sharedAvailable: 'sharedSubscriptionAvailable',
}
const flags: ReadonlySet<keyof Properties> = new Set([
  'payloadFormat',
  'requestProblemInformation',
  'requestResponseInformation',
  'retainAvailable',
  'wildcardAvailable',
  'subscriptionIdsAvailable',
  'sharedAvailable',
])

/**
 * Whether mqtt-packet can tell the packet at all: user properties are an object to it, which loses their order, and
 * empty values of them.
 * To it every CONNECT that does not clean has a client id, and every password a user.
 */
export function canPeerTell(value: unknown): boolean {
  if (Buffer.isBuffer(value)) return true
  if (Array.isArray(value)) return value.every(canPeerTell)
  if (typeof value !== 'object' || value === null) return true
  if ('clientId' in value && value.clientId === '') return false
  if ('password' in value && !('username' in value)) return false
  return Object.entries(value).every(([key, field]) =>
    key === 'userProperties' ? arePlain(field as UserProperties) : canPeerTell(field),
  )
}

function arePlain(pairs: UserProperties): boolean {
  const names = pairs.filter((_, index) => index % 2 === 0)
  const isInOrder = names.every((name) => !/^\d+$/u.test(name) && name !== '__proto__')
  return isInOrder && !pairs.includes('') && new Set(names).size === names.length
}

export function toPeer(packet: ReadPacket): mqttPacket.Packet {
  const cmd = packet.name.toLowerCase()
  const properties = toPeerProperties(packet['properties'] as Properties | undefined)
  return { cmd, ...fieldsOf(packet), ...(properties && { properties }) } as mqttPacket.Packet
}

/** What of a packet is compared: without what the parser adds, and with what is 0 left out, as it does at times. */
export function describePeer(packet: mqttPacket.Packet): unknown {
  const { length: _, reasonCode, returnCode, ...fields } = { ...packet } as Record<string, unknown>
  const code = reasonCode ?? returnCode ?? 0
  if (packet.cmd === 'publish') return plain({ ...fields, code })
  const { qos: _qos, dup: _dup, retain: _retain, ...others } = fields
  return plain({ ...others, code })
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([, field]) => field !== undefined && field !== null && field !== false && field !== 0,
      )
      .map(([key, field]) => [key, plain(field)]),
  )
}

function fieldsOf(packet: ReadPacket): object {
  switch (packet.name) {
    case 'CONNECT':
      return connect(packet)
    case 'CONNACK': {
      const { code, isSessionPresent: sessionPresent } = packet
      return { sessionPresent, returnCode: code, reasonCode: code }
    }
    case 'PUBLISH':
      return {
        qos: packet['qos'],
        dup: packet['isDuplicate'],
        retain: packet['isRetained'],
        topic: packet['topic'],
        payload: Buffer.from(packet['payload'] as string, 'latin1'),
        messageId: packet['qos'] === 0 ? undefined : packet['packetId'],
      }
    case 'SUBSCRIBE':
      return { qos: 1, messageId: packet['packetId'], subscriptions: subscriptionsOf(packet) }
    case 'UNSUBSCRIBE':
      return { qos: 1, messageId: packet['packetId'], unsubscriptions: packet['filters'] }
    case 'SUBACK':
    case 'UNSUBACK': {
      const codes = packet['codes'] as number[]
      return { messageId: packet['packetId'], granted: codes.length === 0 ? undefined : codes }
    }
    case 'DISCONNECT':
    case 'AUTH':
      return { reasonCode: packet['code'] }
    default:
      return { messageId: packet['packetId'], reasonCode: packet['code'] }
  }
}

function connect(packet: ReadPacket): object {
  const { version: protocolVersion, isCleanStart: clean, keepAlive: keepalive, will } = packet
  const { clientId, username, password } = packet
  const base = { protocolId: 'MQTT', protocolVersion, clean, keepalive, clientId }
  return { ...base, username, password, will: will && willOf(will as Record<string, unknown>) }
}

function willOf({ topic, payload, qos, isRetained, properties }: Record<string, unknown>): object {
  const own = toPeerProperties(properties as Properties)
  return { topic, payload, qos, retain: isRetained, ...(own && { properties: own }) }
}

function subscriptionsOf(packet: ReadPacket): object[] {
  return (packet['subscriptions'] as SubscriptionRequest[]).map((one) => ({
    topic: one.filter,
    qos: one.qos,
    nl: one.isNoLocal,
    rap: one.isRetainAsPublished,
    rh: one.retainHandling,
  }))
}

function toPeerProperties(properties: Properties | undefined): object | undefined {
  const entries = Object.entries(properties ?? {}) as Array<[keyof Properties, unknown]>
  if (entries.length === 0) return undefined
  return Object.fromEntries(
    entries.map(([key, value]) => [propertyNames[key] ?? key, valueOf(key, value)]),
  )
}

function valueOf(key: keyof Properties, value: unknown): unknown {
  if (flags.has(key)) return value === 1
  if (key === 'userProperties') return byName(value as UserProperties)
  if (key === 'subscriptionIds') {
    const ids = value as number[]
    return ids.length === 1 ? ids[0] : ids
  }
  return value
}

/** Its user properties are an object, and doubled names have a list. */
function byName(pairs: UserProperties): object {
  const all: Record<string, string | string[]> = Object.create(null) as Record<string, string[]>
  for (let at = 0; at < pairs.length; at += 2) {
    const [name, value] = pairs.slice(at, at + 2) as [string, string]
    const before = all[name]
    all[name] = before === undefined ? value : [before, value].flat()
  }
  return all
}
