// The MQTT clients of test/interop: how each is built and started, and which steps it has no means for.

import { join } from 'node:path'
import type { Client } from './client.ts'
import {
  buildGo,
  buildJava,
  buildRust,
  findMosquitto,
  findNode,
  preparePython,
  type Preparation,
} from './languages.ts'
import { mqtt5Steps } from './mqtt-steps.ts'

const here: string = import.meta.dirname

/** What a client of MQTT 3.1.1 has no means for. */
const onlyIn5: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(mqtt5Steps).map((step) => [step, 'only MQTT 5 has it']),
)
const not31 = { 'MQTT 3.1': 'it speaks only MQTT 5' }
const ownAliases = { 'topic alias': 'it does not let a program leave the topic out' }

/** The same program with another version of the protocol. */
async function withVersion(version: 4 | 5, prepared: Promise<Preparation>): Promise<Preparation> {
  const found = await prepared
  return 'missing' in found ? found : { ...found, env: { MQTT_VERSION: String(version) } }
}

const nodeClients: readonly Client[] = ([4, 5] as const).map((version) => ({
  name: version === 4 ? 'MQTT.js (3.1.1)' : 'MQTT.js (5)',
  language: 'Node',
  protocol: 'mqtt',
  version: '5.16.0',
  cannot: version === 4 ? onlyIn5 : {},
  prepare: () => withVersion(version, findNode('mqtt', join(here, 'node/mqttjs.ts'))),
}))

const pythonClients: readonly Client[] = [
  ...([4, 5] as const).map((version) => ({
    name: version === 4 ? 'paho-mqtt (3.1.1)' : 'paho-mqtt (5)',
    language: 'Python' as const,
    protocol: 'mqtt' as const,
    version: '2.2.0',
    cannot: version === 4 ? onlyIn5 : {},
    prepare: () => withVersion(version, preparePython('paho_client.py')),
  })),
  {
    name: 'aiomqtt',
    language: 'Python',
    protocol: 'mqtt',
    version: '2.5.1',
    cannot: {
      connect: 'it does not show the flag',
      'no matching subscribers': 'it does not show the code',
      'assigned client id': 'it does not show the id',
      'will after disconnect': 'it disconnects without a code',
    },
    prepare: () => preparePython('aiomqtt_client.py'),
  },
]

const javaClients: readonly Client[] = [
  {
    name: 'paho mqttv3',
    language: 'Java',
    protocol: 'mqtt',
    version: '1.2.5',
    cannot: onlyIn5,
    prepare: () => buildJava('interop.mqtt.PahoMqtt3'),
  },
  {
    name: 'paho mqttv5',
    language: 'Java',
    protocol: 'mqtt',
    version: '1.2.5',
    cannot: { ...not31, ...ownAliases },
    prepare: () => buildJava('interop.mqtt.PahoMqtt5'),
  },
  {
    name: 'HiveMQ client',
    language: 'Java',
    protocol: 'mqtt',
    version: '1.4.2',
    cannot: {
      ...not31,
      ...ownAliases,
      'subscription id': 'it keeps ids for itself',
      will: 'a program cannot cut its socket',
    },
    prepare: () => buildJava('interop.mqtt.HiveMqtt'),
  },
]

const goClients: readonly Client[] = [
  {
    name: 'paho.mqtt.golang',
    language: 'Go',
    protocol: 'mqtt',
    version: '1.5.1',
    cannot: onlyIn5,
    prepare: () => buildGo('paho-mqtt3'),
  },
  {
    name: 'paho.golang',
    language: 'Go',
    protocol: 'mqtt',
    version: '0.23.0',
    cannot: not31,
    prepare: () => buildGo('paho-mqtt5'),
  },
]

const notShown = 'it does not show it'
const noOption = 'it has no option for it'

const mosquittoClients: readonly Client[] = ([4, 5] as const).map((version) => ({
  name: version === 4 ? 'mosquitto_pub (3.1.1)' : 'mosquitto_pub (5)',
  language: 'C',
  protocol: 'mqtt',
  version: '2.0',
  cannot: {
    connect: notShown,
    'shared subscription': 'its lines do not say which process took a message',
    ...(version === 4
      ? onlyIn5
      : {
          properties: 'an argument cannot hold a binary value',
          'no local': noOption,
          'retain handling': noOption,
          'no matching subscribers': notShown,
          'assigned client id': notShown,
          'topic alias': 'it publishes once a connection',
        }),
  },
  prepare: () => withVersion(version, findMosquitto(join(here, 'node/mosquitto.ts'))),
}))

/** Built on demand only: their build takes minutes. */
const rustClients: readonly Client[] = [
  {
    name: 'rumqttc',
    language: 'Rust',
    protocol: 'mqtt',
    version: '0.25.1',
    cannot: { ...onlyIn5, 'MQTT 3.1': 'it does not speak it' },
    prepare: () => buildRust('mqtt'),
  },
]

/** In the order of the table. */
export const mqttClients: readonly Client[] = [
  ...nodeClients,
  ...pythonClients,
  ...javaClients,
  ...goClients,
  ...mosquittoClients,
  ...rustClients,
]
