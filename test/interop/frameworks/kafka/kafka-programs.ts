// Programs for Kafka of test/interop/frameworks/kafka: how they are prepared, and what each step must
// show. PABAL_TEST_KAFKA proves them against Kafka.

import type { Framework } from '../framework.ts'
import { prepareFrameworkInJava } from '../prepare-framework.ts'
import {
  apicurioSteps,
  connectOnceSteps,
  connectSteps,
  copierSteps,
  debeziumSteps,
  mirrorSteps,
  pythonSteps,
  smokeTestSteps,
  springKafkaSteps,
  springTransactionsSteps,
  streamsSteps,
  systemTestSteps,
} from './kafka-steps.ts'
import {
  prepareDebezium,
  prepareKafkaInPython,
  prepareKafkaProgram,
  prepareMirror,
  prepareRegistry,
} from './prepare-kafka-program.ts'

const heavy = { protocol: 'kafka', lacking: {}, isHeavy: true } as const

/** Every program for Kafka, in the order of the table. */
export const kafkaPrograms: readonly Framework[] = [
  {
    ...heavy,
    name: 'Kafka Connect',
    language: 'Java',
    version: '4.3.1',
    steps: connectSteps,
    prepare: () => prepareKafkaProgram('connect.ts'),
  },
  {
    ...heavy,
    name: 'Kafka Connect with exactly-once sources',
    language: 'Java',
    version: '4.3.1',
    steps: connectOnceSteps,
    prepare: () => prepareKafkaProgram('connect-exactly-once.ts'),
  },
  {
    ...heavy,
    name: 'Debezium',
    language: 'Java',
    version: '3.6.1',
    steps: debeziumSteps,
    prepare: prepareDebezium,
  },
  {
    ...heavy,
    name: 'MirrorMaker 2',
    language: 'Java',
    version: '4.3.1',
    steps: mirrorSteps,
    prepare: prepareMirror,
  },
  {
    ...heavy,
    name: 'Apicurio Registry',
    language: 'Java',
    version: '3.0.9',
    steps: apicurioSteps,
    prepare: prepareRegistry,
  },
  {
    ...heavy,
    name: 'Quix Streams',
    language: 'Python',
    version: '3.28.1',
    steps: pythonSteps,
    prepare: () => prepareKafkaInPython('quix_client.py'),
  },
  {
    ...heavy,
    name: 'Faust',
    language: 'Python',
    version: '0.15.3',
    steps: pythonSteps,
    prepare: () => prepareKafkaInPython('faust_client.py'),
  },
  {
    ...heavy,
    name: 'Kafka Streams',
    language: 'Java',
    version: '4.3.1',
    steps: streamsSteps,
    prepare: () => prepareKafkaProgram('streams.ts'),
  },
  {
    ...heavy,
    name: "Kafka's system tests",
    language: 'Java',
    version: '4.3.1',
    steps: systemTestSteps,
    prepare: () => prepareKafkaProgram('system-tests.ts'),
  },
  {
    ...heavy,
    name: "Kafka's system test of transactions",
    language: 'Java',
    version: '4.3.1',
    steps: copierSteps,
    prepare: () => prepareKafkaProgram('transaction-copier.ts'),
  },
  {
    ...heavy,
    name: "Kafka's system test of Streams",
    language: 'Java',
    version: '4.3.1',
    steps: smokeTestSteps,
    prepare: () => prepareKafkaProgram('streams-smoke.ts'),
  },
  {
    ...heavy,
    name: 'Spring for Apache Kafka',
    language: 'Java',
    version: '3.3.10',
    steps: springKafkaSteps,
    prepare: () => prepareFrameworkInJava('interop.kafka.SpringKafkaClient'),
  },
  {
    ...heavy,
    name: 'Spring for Apache Kafka with transactions',
    language: 'Java',
    version: '3.3.10',
    steps: springTransactionsSteps,
    prepare: () => prepareFrameworkInJava('interop.transactions.SpringTransactionsClient'),
  },
]
