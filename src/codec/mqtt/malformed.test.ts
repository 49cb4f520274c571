// What must end a connection, and with which reason code: one row for each rule.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPackets } from '../../../test/support/mqtt/read-packet.ts'
import { mqttLimits } from '../../limits/mqtt.ts'
import { PacketError } from './packet-error.ts'
import { PacketReader } from './packet-reader.ts'
import type { MqttVersion } from './packet-type.ts'
import { writeVarint } from './packet-writer.ts'

type Row = readonly [name: string, version: MqttVersion | 0, hex: string, code: number]

const rows: readonly Row[] = [
  ['[MQTT-3.1.2-1] another protocol name', 0, '100d 0004 4d515455 05 02 0000 00 0000', 0x81],
  ['[MQTT-3.1.2-2] level 6', 0, '100d 0004 4d515454 06 02 0000 00 0000', 0x84],
  ['level 4 of MQIsdp', 0, '100f 0006 4d5149736470 04 02 003c 0001 63', 0x84],
  ["the level of Mosquitto's bridges", 0, '100d 0004 4d515454 84 02 003c 0001 63', 0x84],
  ['[MQTT-3.1.2-3] reserved flag of CONNECT', 0, '100d 0004 4d515454 05 03 0000 00 0000', 0x81],
  [
    '[MQTT-3.1.2-12] will with QoS 3',
    0,
    '1014 0004 4d515454 05 1e 0000 00 0000 00 0001 77 0002 6262',
    0x81,
  ],
  ['[MQTT-3.1.2-11] QoS of no will', 0, '100d 0004 4d515454 05 0a 0000 00 0000', 0x81],
  ['[MQTT-3.1.2-13] retain of no will', 0, '100d 0004 4d515454 05 22 0000 00 0000', 0x81],
  [
    '[MQTT-3.1.2-22] of 3.1.1: password without user',
    0,
    '100f 0004 4d515454 04 42 0000 0001 63 0000',
    0x81,
  ],
  ['bytes after a CONNECT', 0, '100e 0004 4d515454 05 02 0000 00 0000 00', 0x81],
  ['flags of a CONNECT', 0, '110d 0004 4d515454 05 02 0000 00 0000', 0x81],
  ['will topic with a wildcard', 0, '1013 0004 4d515454 05 06 0000 00 0000 00 0001 23 0000', 0x90],
  ['authentication data without a method', 0, '1010 0004 4d515454 05 02 0000 03 160000 0000', 0x82],
  ['receive maximum 0', 0, '1010 0004 4d515454 05 02 0000 03 210000 0000', 0x82],
  ['maximum packet size 0', 0, '1012 0004 4d515454 05 02 0000 05 2700000000 0000', 0x82],
  ['property of servers in a CONNECT', 0, '1010 0004 4d515454 05 02 0000 03 130001 0000', 0x82],
  ['will delay outside of a will', 0, '1012 0004 4d515454 05 02 0000 05 1800000000 0000', 0x82],
  ['packet of servers', 5, 'd000', 0x82],
  ['reserved type 0', 5, '0000', 0x82],
  ['[MQTT-3.3.1-4] QoS 3', 5, '3608 0001 61 0001 00 6869', 0x81],
  ['[MQTT-3.3.1-2] DUP with QoS 0', 5, '3804 0001 61 00', 0x81],
  ['[MQTT-2.2.1-2] packet id 0 of a PUBLISH', 5, '3206 0001 61 0000 00', 0x82],
  ['PUBLISH without topic and alias', 5, '3003 0000 00', 0x82],
  ['[MQTT-4.7.3-1] PUBLISH without a topic', 4, '3002 0000', 0x82],
  ['[MQTT-3.3.2-2] topic with a wildcard', 5, '3004 0001 2b 00', 0x90],
  ['[MQTT-1.5.4-2] topic with U+0000', 5, '3004 0001 00 00', 0x81],
  ['[MQTT-3.3.2-8] alias 0', 5, '3007 0001 61 03 230000', 0x94],
  ['subscription id from a client', 5, '3006 0001 61 02 0b01', 0x82],
  ['[MQTT-3.3.2-14] response topic with a wildcard', 5, '3008 0001 61 04 080001 23', 0x82],
  ['payload format 2', 5, '3006 0001 61 02 0102', 0x82],
  ['property twice', 5, '3008 0001 61 04 01010101', 0x82],
  ['unknown property', 5, '3006 0001 61 02 0401', 0x81],
  ['properties longer than their packet', 5, '3004 0001 61 05', 0x81],
  ['property longer than the properties', 5, '300a 0001 61 02 020000000000', 0x81],
  ['topic longer than its packet', 4, '3003 0002 61', 0x81],
  ['PUBLISH without a packet id', 4, '3203 0001 61', 0x81],
  ['empty PUBLISH', 4, '3000', 0x81],
  ['packet id 0 of a PUBACK', 5, '4002 0000', 0x82],
  ['PUBACK of one byte', 5, '4001 00', 0x81],
  ['PUBACK of 3.1.1 with a reason', 4, '4003 0001 00', 0x81],
  ['reason code that PUBACK has not', 5, '4003 0001 92', 0x82],
  ['reason code that PUBREL has not', 5, '6203 0001 80', 0x82],
  ['bytes after a PUBACK', 5, '4005 0001 00 00 00', 0x81],
  ['[MQTT-3.6.1-1] flags of a PUBREL', 5, '6002 0001', 0x81],
  ['[MQTT-3.8.1-1] flags of a SUBSCRIBE', 5, '8007 0001 00 0001 61 00', 0x81],
  ['[MQTT-3.8.3-2] SUBSCRIBE without a filter', 5, '8203 0001 00', 0x82],
  ['subscription with QoS 3', 5, '8207 0001 00 0001 61 03', 0x81],
  ['[MQTT-3.8.3-5] reserved option', 5, '8207 0001 00 0001 61 40', 0x81],
  ['[MQTT-3.8.3-4] of 3.1.1: reserved option', 4, '8206 0001 0001 61 04', 0x81],
  ['retain handling 3', 5, '8207 0001 00 0001 61 30', 0x81],
  [
    '[MQTT-3.8.3-4] No Local of a shared subscription',
    5,
    '8210 0001 00 000a 2473686172652f672f61 05',
    0x82,
  ],
  ['subscription id 0', 5, '8209 0001 02 0b00 0001 61 00', 0x82],
  ['subscription id twice', 5, '820b 0001 04 0b010b01 0001 61 00', 0x82],
  ['filter that is none', 5, '8208 0001 00 0002 6123 00', 0x81],
  ['filter without options', 5, '8206 0001 00 0001 61', 0x81],
  ['[MQTT-3.10.1-1] flags of an UNSUBSCRIBE', 5, 'a006 0001 00 0001 61', 0x81],
  ['[MQTT-3.10.3-2] UNSUBSCRIBE without a filter', 5, 'a203 0001 00', 0x82],
  ['something in a PINGREQ', 5, 'c001 00', 0x81],
  ['something in a DISCONNECT of 3.1.1', 4, 'e001 00', 0x81],
  ['reason code of servers in a DISCONNECT', 5, 'e001 8e', 0x82],
  ['AUTH of 3.1.1', 4, 'f000', 0x82],
]

for (const [name, version, hex, code] of rows) {
  test(`${name} is refused with ${code.toString(16)}`, () => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.from([byte]))]) {
      const reader = new PacketReader('client', 1_000_000)
      reader.version = version
      assert.throws(
        () => readPackets(reader, chunks),
        (error) => {
          assert.ok(error instanceof PacketError, String(error))
          assert.equal(error.reasonCode, code, error.message)
          return true
        },
      )
    }
  })
}

test('what would take too long to read is refused', () => {
  const properties = Buffer.alloc(mqttLimits.propertiesSizeMax + 1)
  const many = Buffer.alloc(4 * (mqttLimits.filtersPerPacketMax + 1))
  for (let at = 0; at < many.length; at += 4) many.set([0, 1, 0x61, 0], at)
  const packets = [
    packet(0x30, Buffer.from('00016181801000', 'hex').subarray(0, 6), properties),
    packet(0x82, Buffer.from('000100', 'hex'), many),
  ]
  for (const bytes of packets) {
    const reader = new PacketReader('client', 1_000_000)
    reader.version = 5
    assert.throws(
      () => readPackets(reader, [bytes]),
      (error) => error instanceof PacketError && error.reasonCode === 0x97,
    )
  }
})

function packet(first: number, ...parts: readonly Buffer[]): Buffer {
  const rest = Buffer.concat(parts)
  const head = Buffer.alloc(5)
  head[0] = first
  return Buffer.concat([head.subarray(0, writeVarint(head, 1, rest.length)), rest])
}

test('a CONNECT that is refused says in which version the answer is', () => {
  const cases = [
    ['100d 0004 4d515455 05 02 0000 00 0000', 0],
    ['100d 0004 4d515454 06 02 0000 00 0000', 5],
    ['100f 0006 4d5149736470 02 02 003c 0001 63', 4],
    ['100d 0004 4d515454 84 02 003c 0001 63', 4],
    ['100e 0004 4d515454 05 02 0000 00 0000 00', 5],
  ] as const
  for (const [hex, version] of cases) {
    const reader = new PacketReader('client', 1_000_000)
    assert.throws(() => readPackets(reader, [Buffer.from(hex.replaceAll(' ', ''), 'hex')]))
    assert.equal(reader.version, version, hex)
  }
})
