// The clients of test/interop: how each is built and started, and which steps it has no means for.

import { join } from 'node:path'
import type { Client } from './client.ts'
import { buildGo, buildJava, buildRust, findKcat, findNode, preparePython } from './languages.ts'
import { mqttClients } from './mqtt-clients.ts'
import { stompClients } from './stomp-clients.ts'

const here: string = import.meta.dirname

const rawCommit = { 'wrong generation': 'commits only with its own generation' }

const nodeClients: readonly Client[] = [
  {
    name: 'kafkajs',
    language: 'Node',
    protocol: 'kafka',
    version: '2.2.4',
    cannot: { ...rawCommit, 'null header': 'cannot send a null header' },
    prepare: () => findNode('kafkajs', join(here, 'node/kafkajs.ts')),
  },
  {
    name: '@platformatic/kafka',
    language: 'Node',
    protocol: 'kafka',
    version: '2.12.1',
    cannot: rawCommit,
    prepare: () => findNode('@platformatic/kafka', join(here, 'node/platformatic.ts')),
  },
]

const pythonClients: readonly Client[] = [
  {
    name: 'confluent-kafka',
    language: 'Python',
    protocol: 'kafka',
    version: '2.16.1',
    cannot: rawCommit,
    prepare: () => preparePython('confluent_kafka_client.py'),
  },
  {
    name: 'kafka-python',
    language: 'Python',
    protocol: 'kafka',
    version: '3.0.12',
    cannot: { ...rawCommit, 'null header': 'cannot send a null header' },
    prepare: () => preparePython('kafka_python_client.py'),
  },
  {
    name: 'aiokafka',
    language: 'Python',
    protocol: 'kafka',
    version: '0.14.0',
    cannot: {
      ...rawCommit,
      'unknown topic': 'whatever it asks about is created',
      'set group offsets': 'its administrator cannot set offsets',
      'delete group': 'its administrator cannot delete groups',
    },
    prepare: () => preparePython('aiokafka_client.py'),
  },
  {
    name: 'pika',
    language: 'Python',
    protocol: 'amqp',
    version: '1.4.4',
    cannot: {},
    prepare: () => preparePython('pika_client.py'),
  },
  {
    name: 'aio-pika',
    language: 'Python',
    protocol: 'amqp',
    version: '10.2.1',
    cannot: {},
    prepare: () => preparePython('aio_pika_client.py'),
  },
]

const javaClients: readonly Client[] = [
  {
    name: 'kafka-clients',
    language: 'Java',
    protocol: 'kafka',
    version: '4.3.0',
    cannot: rawCommit,
    prepare: () => buildJava('interop.KafkaClient'),
  },
  {
    name: 'amqp-client',
    language: 'Java',
    protocol: 'amqp',
    version: '5.27.1',
    cannot: {},
    prepare: () => buildJava('interop.AmqpClient'),
  },
]

const goClients: readonly Client[] = [
  {
    name: 'franz-go',
    language: 'Go',
    protocol: 'kafka',
    version: '1.22.2',
    cannot: {},
    prepare: () => buildGo('franz'),
  },
  {
    name: 'sarama',
    language: 'Go',
    protocol: 'kafka',
    version: '1.61.1',
    cannot: {},
    prepare: () => buildGo('sarama'),
  },
  {
    name: 'amqp091-go',
    language: 'Go',
    protocol: 'amqp',
    version: '1.16.0',
    cannot: {},
    prepare: () => buildGo('amqp091'),
  },
]

const noAdministrator = 'it only reads and writes'
const onePartition = 'it cannot create a topic with several partitions'

const kcat: Client = {
  name: 'kcat',
  language: 'C',
  protocol: 'kafka',
  version: '1.7.1',
  cannot: {
    ...rawCommit,
    'create topic': onePartition,
    'share partitions': onePartition,
    'take over partitions': onePartition,
    'describe topic': onePartition,
    headers: 'an argument cannot hold a binary value',
    timestamps: 'it cannot set a timestamp',
    'offset for a time': 'it cannot set a timestamp',
    'describe configs': noAdministrator,
    'alter configs': noAdministrator,
    'add partitions': noAdministrator,
    'list groups': noAdministrator,
    'describe group': noAdministrator,
    'group offsets': noAdministrator,
    'set group offsets': noAdministrator,
    'delete records': noAdministrator,
    'delete group': noAdministrator,
    'delete topic': noAdministrator,
  },
  prepare: () => findKcat(join(here, 'node/kcat.ts')),
}

/** Built on demand only: their build takes minutes. */
const rustClients: readonly Client[] = [
  {
    name: 'rdkafka',
    language: 'Rust',
    protocol: 'kafka',
    version: '0.39.0',
    cannot: rawCommit,
    prepare: () => buildRust('kafka'),
  },
  {
    name: 'lapin',
    language: 'Rust',
    protocol: 'amqp',
    version: '4.12.3',
    cannot: {},
    prepare: () => buildRust('amqp'),
  },
]

/** Every client, in the order of the table. */
export const clients: readonly Client[] = [
  ...nodeClients,
  ...pythonClients,
  ...javaClients,
  ...goClients,
  kcat,
  ...rustClients,
  ...mqttClients,
  ...stompClients,
]

/**
 * Clients that `choice` names, separated by commas: names, languages in lower case, protocols, `all` (but
 * for Rust). Undefined means those that need nothing but npm packages.
 * @throws Error for a word that names nothing.
 */
export function chooseClients(choice: string | undefined): readonly Client[] {
  const words = (choice || 'node').split(',').map((word) => word.trim())
  const isNamed = (client: Client, word: string): boolean =>
    word === client.name ||
    word === client.language.toLowerCase() ||
    word === client.protocol ||
    (word === 'all' && client.language !== 'Rust')
  for (const word of words)
    if (!clients.some((client) => isNamed(client, word)))
      throw new Error(`PABAL_INTEROP: no client or language is called ${word}`)
  return clients.filter((client) => words.some((word) => isNamed(client, word)))
}
