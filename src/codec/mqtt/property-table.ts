// MQTT 5's properties (section 2.2.2.2) as data: identifier, the type of the value, in which packets of which side it
// is legal, whether it may stand there more than once, and what its values may be.
import {
  AUTH,
  CONNACK,
  CONNECT,
  DISCONNECT,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  type Sender,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
  WILL,
} from './packet-type.ts'
import type { Properties } from './properties.ts'
import { reasonCode } from './reason-code.ts'

export type PropertyType =
  | 'byte'
  | 'uint16'
  | 'uint32'
  | 'varint'
  | 'text'
  | 'topic'
  | 'binary'
  | 'pair'

export interface PropertyRow {
  readonly id: number
  readonly name: string
  /** Where its value is in `Properties`. */
  readonly key: keyof Properties
  readonly type: PropertyType
  /** Packets that may have it, from clients and from servers. */
  readonly client: readonly number[]
  readonly server: readonly number[]
  /** The values are a list. */
  readonly isRepeatable?: boolean
  /** Smallest and largest value; any of its type otherwise. */
  readonly min?: number
  readonly max?: number
  /** What a value outside of them is; 0x82 otherwise. */
  readonly rangeError?: number
}

const answers = [PUBACK, PUBREC, PUBREL, PUBCOMP]
const serverAnswers = [CONNACK, ...answers, SUBACK, UNSUBACK, DISCONNECT, AUTH]
const ofMessage = { client: [PUBLISH, WILL], server: [PUBLISH] }

/** In ascending order of identifiers, which is the order that they are written in. */
export const propertyRows: readonly PropertyRow[] = [
  {
    id: 1,
    name: 'Payload Format Indicator',
    key: 'payloadFormat',
    type: 'byte',
    ...ofMessage,
    max: 1,
  },
  { id: 2, name: 'Message Expiry Interval', key: 'messageExpiry', type: 'uint32', ...ofMessage },
  { id: 3, name: 'Content Type', key: 'contentType', type: 'text', ...ofMessage },
  { id: 8, name: 'Response Topic', key: 'responseTopic', type: 'topic', ...ofMessage },
  { id: 9, name: 'Correlation Data', key: 'correlationData', type: 'binary', ...ofMessage },
  {
    id: 11,
    name: 'Subscription Identifier',
    key: 'subscriptionId',
    type: 'varint',
    client: [SUBSCRIBE],
    server: [],
    min: 1,
  },
  {
    id: 11,
    name: 'Subscription Identifier',
    key: 'subscriptionIds',
    type: 'varint',
    client: [],
    server: [PUBLISH],
    isRepeatable: true,
    min: 1,
  },
  {
    id: 17,
    name: 'Session Expiry Interval',
    key: 'sessionExpiry',
    type: 'uint32',
    client: [CONNECT, DISCONNECT],
    server: [CONNACK],
  },
  {
    id: 18,
    name: 'Assigned Client Identifier',
    key: 'assignedClientId',
    type: 'text',
    ...of([CONNACK]),
  },
  { id: 19, name: 'Server Keep Alive', key: 'serverKeepAlive', type: 'uint16', ...of([CONNACK]) },
  {
    id: 21,
    name: 'Authentication Method',
    key: 'authenticationMethod',
    type: 'text',
    client: [CONNECT, AUTH],
    server: [CONNACK, AUTH],
  },
  {
    id: 22,
    name: 'Authentication Data',
    key: 'authenticationData',
    type: 'binary',
    client: [CONNECT, AUTH],
    server: [CONNACK, AUTH],
  },
  {
    id: 23,
    name: 'Request Problem Information',
    key: 'requestProblemInformation',
    type: 'byte',
    client: [CONNECT],
    server: [],
    max: 1,
  },
  {
    id: 24,
    name: 'Will Delay Interval',
    key: 'willDelay',
    type: 'uint32',
    client: [WILL],
    server: [],
  },
  {
    id: 25,
    name: 'Request Response Information',
    key: 'requestResponseInformation',
    type: 'byte',
    client: [CONNECT],
    server: [],
    max: 1,
  },
  {
    id: 26,
    name: 'Response Information',
    key: 'responseInformation',
    type: 'text',
    ...of([CONNACK]),
  },
  {
    id: 28,
    name: 'Server Reference',
    key: 'serverReference',
    type: 'text',
    ...of([CONNACK, DISCONNECT]),
  },
  {
    id: 31,
    name: 'Reason String',
    key: 'reason',
    type: 'text',
    client: [...answers, DISCONNECT, AUTH],
    server: serverAnswers,
  },
  {
    id: 33,
    name: 'Receive Maximum',
    key: 'receiveMax',
    type: 'uint16',
    client: [CONNECT],
    server: [CONNACK],
    min: 1,
  },
  {
    id: 34,
    name: 'Topic Alias Maximum',
    key: 'topicAliasMax',
    type: 'uint16',
    client: [CONNECT],
    server: [CONNACK],
  },
  {
    id: 35,
    name: 'Topic Alias',
    key: 'topicAlias',
    type: 'uint16',
    client: [PUBLISH],
    server: [PUBLISH],
    min: 1,
    rangeError: reasonCode.topicAliasInvalid,
  },
  { id: 36, name: 'Maximum QoS', key: 'maximumQos', type: 'byte', ...of([CONNACK]), max: 1 },
  {
    id: 37,
    name: 'Retain Available',
    key: 'retainAvailable',
    type: 'byte',
    ...of([CONNACK]),
    max: 1,
  },
  {
    id: 38,
    name: 'User Property',
    key: 'userProperties',
    type: 'pair',
    client: [CONNECT, WILL, PUBLISH, ...answers, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH],
    server: [PUBLISH, ...serverAnswers],
    isRepeatable: true,
  },
  {
    id: 39,
    name: 'Maximum Packet Size',
    key: 'packetSizeMax',
    type: 'uint32',
    client: [CONNECT],
    server: [CONNACK],
    min: 1,
  },
  {
    id: 40,
    name: 'Wildcard Subscription Available',
    key: 'wildcardAvailable',
    type: 'byte',
    ...of([CONNACK]),
    max: 1,
  },
  {
    id: 41,
    name: 'Subscription Identifiers Available',
    key: 'subscriptionIdsAvailable',
    type: 'byte',
    ...of([CONNACK]),
    max: 1,
  },
  {
    id: 42,
    name: 'Shared Subscription Available',
    key: 'sharedAvailable',
    type: 'byte',
    ...of([CONNACK]),
    max: 1,
  },
]

const idMax = 42
/** Rows by sender, packet type and identifier. */
const rows: Readonly<Record<Sender, ReadonlyArray<PropertyRow | undefined>>> = {
  client: tableOf('client'),
  server: tableOf('server'),
}
const rowsById = new Map(propertyRows.map((row) => [row.id, row]))

/** What a property is, in whichever packet; undefined when there is none of this identifier. */
export function findProperty(id: number): PropertyRow | undefined {
  return rowsById.get(id)
}

/** The row of a property in a packet of this type; undefined when it may not be there. */
export function findPropertyOf(sender: Sender, type: number, id: number): PropertyRow | undefined {
  return rows[sender][type * (idMax + 1) + id]
}

/** Properties that packets of this type may have, in the order that they are written in. */
export function propertiesOf(sender: Sender, type: number): readonly PropertyRow[] {
  return propertyRows.filter((row) => row[sender].includes(type))
}

/** Properties of servers' packets alone. */
function of(server: readonly number[]): Pick<PropertyRow, 'client' | 'server'> {
  return { client: [], server }
}

function tableOf(sender: Sender): Array<PropertyRow | undefined> {
  const table: Array<PropertyRow | undefined> = Array.from({ length: 16 * (idMax + 1) })
  for (const row of propertyRows) {
    for (const type of row[sender]) table[type * (idMax + 1) + row.id] = row
  }
  return table
}
