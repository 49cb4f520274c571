// Programs for Kafka of test/interop/frameworks/kafka: how they are prepared, and what each step must
// show. PABAL_TEST_KAFKA proves them against Kafka.

import type { Framework } from '../framework.ts'
import { prepareKafkaProgram } from '../prepare-framework.ts'
import { connectSteps, streamsSteps } from './kafka-steps.ts'

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
    name: 'Kafka Streams',
    language: 'Java',
    version: '4.3.1',
    steps: streamsSteps,
    lacking: {
      'exactly once: killed and started again': 'transactions',
      'exactly once: state comes back from the changelog': 'transactions',
    },
    prepare: () => prepareKafkaProgram('streams.ts'),
  },
]
