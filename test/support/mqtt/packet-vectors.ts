// Packets and their bytes, written down by hand from the standards, in one table: what is read from the bytes is the
// packet, and what is written for the packet are the bytes.
import {
  AUTH,
  DISCONNECT,
  type MqttVersion,
  SUBACK,
  type Sender,
  UNSUBACK,
} from '../../../src/codec/mqtt/packet-type.ts'
import type { Properties } from '../../../src/codec/mqtt/properties.ts'
import type { ReadPacket } from './read-packet.ts'

export interface PacketVector {
  readonly name: string
  readonly version: MqttVersion
  readonly sender: Sender
  /** With blanks. */
  readonly hex: string
  readonly packet: ReadPacket
}

const none: Properties = {}

function connect(version: MqttVersion, fields: object): ReadPacket {
  const base = { isCleanStart: true, keepAlive: 60, clientId: 'c', properties: none }
  return { name: 'CONNECT', version, ...base, ...fields }
}

function publish(fields: object): ReadPacket {
  const flags = { qos: 0, isDuplicate: false, isRetained: false, packetId: 0 }
  return { name: 'PUBLISH', ...flags, topic: 'a/b', payload: 'hi', properties: none, ...fields }
}

function answer(name: string, type: number, fields: object): ReadPacket {
  return { name, type, packetId: 10, code: 0, properties: none, ...fields }
}

function subscription(fields: object): object {
  return {
    filter: 'a/+',
    qos: 0,
    isNoLocal: false,
    isRetainAsPublished: false,
    retainHandling: 0,
    ...fields,
  }
}

const fromClients: readonly PacketVector[] = [
  {
    name: 'CONNECT of 3.1',
    version: 3,
    sender: 'client',
    hex: '10 0f 0006 4d5149736470 03 02 003c 0001 63',
    packet: connect(3, {}),
  },
  {
    name: 'CONNECT of 3.1.1 with all it may have',
    version: 4,
    sender: 'client',
    hex: '10 1c 0004 4d515454 04 ec 000a 0001 63 0001 77 0002 6279 0001 75 0003 700071',
    packet: connect(4, {
      isCleanStart: false,
      keepAlive: 10,
      will: { topic: 'w', payload: Buffer.from('by'), qos: 1, isRetained: true, properties: none },
      username: 'u',
      password: Buffer.from('p\0q'),
    }),
  },
  {
    name: 'CONNECT of 5 without a client id',
    version: 5,
    sender: 'client',
    hex: '10 0d 0004 4d515454 05 02 0000 00 0000',
    packet: connect(5, { keepAlive: 0, clientId: '' }),
  },
  {
    name: 'CONNECT of 5 with properties and a will with properties',
    version: 5,
    sender: 'client',
    hex: `10 47 0004 4d515454 05 16 003c 1b 11ffffffff 1700 1901 210014 220005 26 0001 6b 0001 76 2700010000
      0001 63 18 0101 020000000a 030001 74 080001 72 090001 78 180000001e 0001 77 0000`.replaceAll(
      '\n',
      ' ',
    ),
    packet: connect(5, {
      properties: {
        sessionExpiry: 0xffff_ffff,
        requestProblemInformation: 0,
        requestResponseInformation: 1,
        receiveMax: 20,
        topicAliasMax: 5,
        userProperties: ['k', 'v'],
        packetSizeMax: 65_536,
      },
      will: {
        topic: 'w',
        payload: Buffer.alloc(0),
        qos: 2,
        isRetained: false,
        properties: {
          payloadFormat: 1,
          messageExpiry: 10,
          contentType: 't',
          responseTopic: 'r',
          correlationData: Buffer.from('x'),
          willDelay: 30,
        },
      },
    }),
  },
  {
    name: 'PUBLISH of QoS 0',
    version: 4,
    sender: 'client',
    hex: '30 07 0003 612f62 6869',
    packet: publish({}),
  },
  {
    name: 'PUBLISH that is retained and empty',
    version: 4,
    sender: 'client',
    hex: '31 05 0003 612f62',
    packet: publish({ isRetained: true, payload: '' }),
  },
  {
    name: 'PUBLISH of QoS 2 that is sent again',
    version: 4,
    sender: 'client',
    hex: '3c 09 0003 612f62 ffff 6869',
    packet: publish({ qos: 2, isDuplicate: true, packetId: 65_535 }),
  },
  {
    name: 'PUBLISH of 5 without properties',
    version: 5,
    sender: 'client',
    hex: '32 0a 0003 612f62 0001 00 6869',
    packet: publish({ qos: 1, packetId: 1 }),
  },
  {
    name: 'PUBLISH of 5 with properties',
    version: 5,
    sender: 'client',
    hex: `30 3b 0003 612f62 33 0101 02000004d2 03000a746578742f706c61696e 080001 72 09000200ff
      26 0001 6b 0001 31 26 0001 6b 0001 32 26 0000 0000 230001 6869`.replaceAll('\n', ' '),
    packet: publish({
      properties: {
        payloadFormat: 1,
        messageExpiry: 1234,
        contentType: 'text/plain',
        responseTopic: 'r',
        correlationData: Buffer.from([0, 255]),
        userProperties: ['k', '1', 'k', '2', '', ''],
        topicAlias: 1,
      },
    }),
  },
  {
    name: 'PUBLISH of 5 by its alias',
    version: 5,
    sender: 'client',
    hex: '30 08 0000 03 23ffff 6869',
    packet: publish({ topic: '', properties: { topicAlias: 65_535 } }),
  },
  {
    name: 'PUBLISH with a topic beyond ASCII',
    version: 4,
    sender: 'client',
    hex: '30 0b 0009 c3a9 e282ac f0aa9b94',
    packet: publish({ topic: 'é€\u{2a6d4}', payload: '' }),
  },
  {
    name: 'PUBACK',
    version: 4,
    sender: 'client',
    hex: '40 02 000a',
    packet: answer('PUBACK', 4, {}),
  },
  {
    name: 'PUBACK of 5 with a reason',
    version: 5,
    sender: 'client',
    hex: '40 08 000a 80 04 1f 0001 78',
    packet: answer('PUBACK', 4, { code: 0x80, properties: { reason: 'x' } }),
  },
  {
    name: 'PUBREC of 5 with a code',
    version: 5,
    sender: 'client',
    hex: '50 03 000a 97',
    packet: answer('PUBREC', 5, { code: 0x97 }),
  },
  {
    name: 'PUBREL',
    version: 4,
    sender: 'client',
    hex: '62 02 000a',
    packet: answer('PUBREL', 6, {}),
  },
  {
    name: 'PUBREL of 5 for an id that is not known',
    version: 5,
    sender: 'client',
    hex: '62 03 000a 92',
    packet: answer('PUBREL', 6, { code: 0x92 }),
  },
  {
    name: 'PUBCOMP',
    version: 5,
    sender: 'client',
    hex: '70 02 000a',
    packet: answer('PUBCOMP', 7, {}),
  },
  {
    name: 'SUBSCRIBE',
    version: 4,
    sender: 'client',
    hex: '82 0c 000a 0003 612f2b 01 0001 23 02',
    packet: {
      name: 'SUBSCRIBE',
      packetId: 10,
      properties: none,
      subscriptions: [subscription({ qos: 1 }), subscription({ filter: '#', qos: 2 })],
    },
  },
  {
    name: 'SUBSCRIBE of 5',
    version: 5,
    sender: 'client',
    hex: '82 0e 000a 05 0bffffff7f 0003 612f2b 2e',
    packet: {
      name: 'SUBSCRIBE',
      packetId: 10,
      properties: { subscriptionId: 268_435_455 },
      subscriptions: [
        subscription({ qos: 2, isNoLocal: true, isRetainAsPublished: true, retainHandling: 2 }),
      ],
    },
  },
  {
    name: 'UNSUBSCRIBE',
    version: 4,
    sender: 'client',
    hex: 'a2 0a 000a 0003 612f2b 0001 23',
    packet: { name: 'UNSUBSCRIBE', packetId: 10, properties: none, filters: ['a/+', '#'] },
  },
  {
    name: 'UNSUBSCRIBE of 5',
    version: 5,
    sender: 'client',
    hex: 'a2 0d 000a 07 26 0001 6b 0001 76 0001 61',
    packet: {
      name: 'UNSUBSCRIBE',
      packetId: 10,
      properties: { userProperties: ['k', 'v'] },
      filters: ['a'],
    },
  },
  { name: 'PINGREQ', version: 4, sender: 'client', hex: 'c0 00', packet: { name: 'PINGREQ' } },
  {
    name: 'DISCONNECT',
    version: 4,
    sender: 'client',
    hex: 'e0 00',
    packet: { name: 'DISCONNECT', type: DISCONNECT, code: 0, properties: none },
  },
  {
    name: 'DISCONNECT of 5 that asks for the will',
    version: 5,
    sender: 'client',
    hex: 'e0 01 04',
    packet: { name: 'DISCONNECT', type: DISCONNECT, code: 4, properties: none },
  },
  {
    name: 'DISCONNECT of 5 with another session expiry',
    version: 5,
    sender: 'client',
    hex: 'e0 07 00 05 11 0000000a',
    packet: { name: 'DISCONNECT', type: DISCONNECT, code: 0, properties: { sessionExpiry: 10 } },
  },
  {
    name: 'AUTH',
    version: 5,
    sender: 'client',
    hex: 'f0 0c 18 0a 150003 616263 16 0001 64',
    packet: {
      name: 'AUTH',
      type: AUTH,
      code: 0x18,
      properties: { authenticationMethod: 'abc', authenticationData: Buffer.from('d') },
    },
  },
]

const fromServers: readonly PacketVector[] = [
  {
    name: 'CONNACK',
    version: 4,
    sender: 'server',
    hex: '20 02 01 00',
    packet: { name: 'CONNACK', isSessionPresent: true, code: 0, properties: none },
  },
  {
    name: 'CONNACK that refuses',
    version: 4,
    sender: 'server',
    hex: '20 02 00 05',
    packet: { name: 'CONNACK', isSessionPresent: false, code: 5, properties: none },
  },
  {
    name: 'CONNACK of 5',
    version: 5,
    sender: 'server',
    hex: '20 1a 00 00 17 110000000a 1200017a 13001e 210014 22000a 2700100000',
    packet: {
      name: 'CONNACK',
      isSessionPresent: false,
      code: 0,
      properties: {
        sessionExpiry: 10,
        assignedClientId: 'z',
        serverKeepAlive: 30,
        receiveMax: 20,
        topicAliasMax: 10,
        packetSizeMax: 1_048_576,
      },
    },
  },
  {
    name: 'PUBLISH of 5 with subscription ids',
    version: 5,
    sender: 'server',
    hex: '30 0d 0003 612f62 05 0b01 0b8001 6869',
    packet: publish({ properties: { subscriptionIds: [1, 128] } }),
  },
  {
    name: 'SUBACK',
    version: 4,
    sender: 'server',
    hex: '90 05 000a 00 02 80',
    packet: { name: 'SUBACK', type: SUBACK, packetId: 10, properties: none, codes: [0, 2, 0x80] },
  },
  {
    name: 'SUBACK of 5',
    version: 5,
    sender: 'server',
    hex: '90 06 000a 00 01 8f 97',
    packet: {
      name: 'SUBACK',
      type: SUBACK,
      packetId: 10,
      properties: none,
      codes: [1, 0x8f, 0x97],
    },
  },
  {
    name: 'UNSUBACK',
    version: 4,
    sender: 'server',
    hex: 'b0 02 000a',
    packet: { name: 'UNSUBACK', type: UNSUBACK, packetId: 10, properties: none, codes: [] },
  },
  {
    name: 'UNSUBACK of 5',
    version: 5,
    sender: 'server',
    hex: 'b0 05 000a 00 00 11',
    packet: { name: 'UNSUBACK', type: UNSUBACK, packetId: 10, properties: none, codes: [0, 0x11] },
  },
  { name: 'PINGRESP', version: 4, sender: 'server', hex: 'd0 00', packet: { name: 'PINGRESP' } },
  {
    name: 'DISCONNECT of a server',
    version: 5,
    sender: 'server',
    hex: 'e0 06 8e 04 1f 0001 78',
    packet: { name: 'DISCONNECT', type: DISCONNECT, code: 0x8e, properties: { reason: 'x' } },
  },
]

export const packetVectors: readonly PacketVector[] = [...fromClients, ...fromServers]

export function bytesOf({ hex }: PacketVector): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}
