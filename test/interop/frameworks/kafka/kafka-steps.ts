// What the programs in this folder print.

import type { Steps } from '../../step-table.ts'

const exactly = { missing: 0, doubled: 0 }
const compacted = 'compact'

export const connectSteps: Steps = {
  'internal topics': { configs: compacted, offsets: compacted, status: compacted },
  source: exactly,
  sink: exactly,
  'pause, resume': {},
  'killed and started again': { missing: 0, connectors: ['sink', 'source'] },
  'a second worker shares the tasks': { workers: 2, connectors: ['sink', 'source'] },
  'offsets are shown, set back and deleted': { bytes: true, after: [] },
  delete: { left: [] },
}

export const streamsSteps: Steps = {
  'at least once: killed and started again': { words: 20, lost: false },
  'internal topics': { changelog: compacted, repartition: 'delete' },
  'exactly once: killed and started again': { words: 20, exact: true, counted: 3200 },
  'exactly once: state comes back from the changelog': { exact: true },
}

export const connectOnceSteps: Steps = {
  source: exactly,
  'killed and started again': { ...exactly, inOrder: true },
  'the transactions are there': { markers: true },
}

export const debeziumSteps: Steps = {
  snapshot: { rows: 50, op: ['r'] },
  'topic as it was asked for': { policy: compacted, partitions: 2 },
  'insert, update, delete': {
    changes: [['c', null, 'new'], ['u', 'new', 'changed'], ['d', 'changed', null], null],
  },
  'a new column': { price: '9.99' },
  'a transaction of the database comes in order': { inOrder: true },
  'killed and started again': { missing: 0, snapshots: 50 },
  heartbeats: { some: true },
}

export const mirrorSteps: Steps = {
  'from Kafka to Pabal': { records: 200, same: true },
  'from Pabal to Kafka': { records: 150, same: true },
  'settings of topics': { retention: '123456789' },
  'a group goes on at the other side': { same: true, some: true },
  'nothing goes round': { loops: [] },
  'killed and started again': {},
}

export const apicurioSteps: Steps = {
  register: { same: true, versions: [1] },
  compatibility: { refused: { code: 409 }, versions: [1, 2] },
  'Avro records': { records: 50, same: true },
  'killed and started again': {
    versions: [1, 2],
    schema: '{"type":"record","name":"Order","fields":[{"name":"id","type":"int"}]}',
    config: { compatibilityLevel: 'BACKWARD' },
    kept: true,
  },
}

export const pythonSteps: Steps = {
  'at least once: killed and started again': { written: 220 },
  'changelog topic': { found: true },
  'exactly once: killed and started again': { exact: true, written: 220 },
}

export const springKafkaSteps: Steps = {
  listener: { records: 30, partitions: 3 },
  'retry, then dead letter': {
    tries: 3,
    partition: 1,
    topic: true,
    cause: 'java.lang.IllegalArgumentException',
  },
  'retry topics': { topics: ['again', 'again-retry', 'again-retry', 'end again-dlt'] },
  batch: { records: 50 },
  request: { answer: 'HI' },
}

export const springTransactionsSteps: Steps = {
  'commit and roll back': { seen: ['a 1', 'a 2', 'c 1', 'c 2'] },
  'consume, transform, produce': { seen: ['of first', 'of again', 'of last'], tries: 2 },
  'retry, then dead letter': { seen: ['of after'], dead: ['bad'] },
}

export const systemTestSteps: Steps = {
  ClientCompatibilityTest: { success: true },
  'VerifiableProducer and VerifiableConsumer': { acked: 2000, committed: 2000 },
  LogCompactionTester: { values: true, mismatches: 0, reduced: true },
}

export const copierSteps: Steps = {
  'TransactionalMessageCopier with random aborts, killed': { ...exactly, inOrder: true },
}

export const smokeTestSteps: Steps = {
  'StreamsSmokeTest, exactly once, killed': { success: true, failed: false },
}
