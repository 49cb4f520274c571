import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type KafkaErrorName, kafkaErrors } from '../../codec/kafka/error-codes.gen.ts'

/**
 * Answers after which clients ask again until they give up, and what may be otherwise by then. A refusal
 * that lasts must have another code.
 */
const passing: Readonly<Partial<Record<KafkaErrorName, string>>> = {
  COORDINATOR_NOT_AVAILABLE: 'the broker stops, or the group was just deleted',
  CORRUPT_MESSAGE: 'the batch was damaged on its way',
  ELECTION_NOT_NEEDED: 'never: Kafka answers so as well, and its tools take it for success',
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 'a node takes the cell of the partition, and leads it',
  FENCED_LEADER_EPOCH: 'the client learns the epoch of this start',
  FETCH_SESSION_ID_NOT_FOUND: 'the client opens another session',
  INVALID_FETCH_SESSION_EPOCH: 'the client opens another session',
  INVALID_SHARE_SESSION_EPOCH: 'the client opens another session',
  LEADER_NOT_AVAILABLE: 'declarations are written to the view',
  NOT_ENOUGH_REPLICAS: 'the disk or the memory has room again',
  NOT_LEADER_OR_FOLLOWER: 'the client learns which node leads the partition',
  SHARE_SESSION_LIMIT_REACHED: 'another client ends its session',
  SHARE_SESSION_NOT_FOUND: 'the client opens another session',
  THROTTLING_QUOTA_EXCEEDED: 'memory is given back, or the debt of a quota is paid',
  UNKNOWN_LEADER_EPOCH: 'the client learns the epoch of this start',
  UNKNOWN_TOPIC_ID: 'the client learns the id of the topic that there is now',
  UNKNOWN_TOPIC_OR_PARTITION: 'somebody makes the topic: its name is one that a topic can have',
  UNSTABLE_OFFSET_COMMIT: 'the transaction that commits the offset ends',
}

test('clients are told to try again only where that can help', () => {
  const names = Object.keys(kafkaErrors) as KafkaErrorName[]
  const retriable = names.filter((name) => kafkaErrors[name].isRetriable)
  const used = new Set<string>()
  for (const file of globSync('*.ts', { cwd: import.meta.dirname })) {
    if (file.endsWith('.test.ts')) continue
    const text = readFileSync(new URL(file, import.meta.url), 'utf8')
    for (const name of retriable) if (text.includes(`'${name}'`)) used.add(name)
  }
  assert.deepEqual([...used].toSorted(), Object.keys(passing).toSorted())
})
