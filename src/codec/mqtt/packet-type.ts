// MQTT's control packets (section 2.1) by number. A packet's first byte is its type and four flags:
//
//   bit    7 … 4    3     2 … 1   0
//        +--------+-----+-------+--------+
//        | type   | DUP |  QoS  | RETAIN |    DUP, QoS and RETAIN are of PUBLISH alone
//        +--------+-----+-------+--------+

export const CONNECT = 1
export const CONNACK = 2
export const PUBLISH = 3
export const PUBACK = 4
export const PUBREC = 5
export const PUBREL = 6
export const PUBCOMP = 7
export const SUBSCRIBE = 8
export const SUBACK = 9
export const UNSUBSCRIBE = 10
export const UNSUBACK = 11
export const PINGREQ = 12
export const PINGRESP = 13
export const DISCONNECT = 14
export const AUTH = 15

/** Names of the types, by number. */
export const packetNames: readonly string[] = [
  'reserved packet 0',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
]

/** Where a will stands among the packets whose properties it has a list of its own of: it is no packet. */
export const WILL = 0

/** Whose packet it is. */
export type Sender = 'client' | 'server'

/** Protocol levels: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5. */
export type MqttVersion = 3 | 4 | 5

/** What people call them. */
export const mqttVersionNames: Readonly<Record<MqttVersion, string>> = {
  3: '3.1',
  4: '3.1.1',
  5: '5.0',
}

/** Types that only one side sends; the others come from both. */
export const clientOnlyTypes: readonly number[] = [CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ]
export const serverOnlyTypes: readonly number[] = [CONNACK, SUBACK, UNSUBACK, PINGRESP]

/** Types whose four flags must be 0010 [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]. */
export const typesWithFlagTwo: readonly number[] = [PUBREL, SUBSCRIBE, UNSUBSCRIBE]
