// What RabbitMQ's Raft dashboard asks for, of the one log that all queues share: it commits as a quorum queue
// does, alone. There is no leader to elect, so the term is always 1.
import { type Family, gauge } from './family.ts'
import type { MetricsSource } from './metrics-source.ts'

export function raftFamilies({ broker }: MetricsSource): Family[] {
  const { commitSeconds, lastCommitSeconds } = broker.store.stats
  const count = commitSeconds.counts.reduce((sum, each) => sum + each, 0)
  return [
    gauge('rabbitmq_raft_term', 'Current term: there is nobody else to lead', 1),
    gauge('rabbitmq_raft_commit_index', 'Commits since the start that are durable', count),
    gauge('rabbitmq_raft_last_written_index', 'Commits since the start that are on disk', count),
    gauge(
      'rabbitmq_raft_commit_latency_seconds',
      'From when the last commit was handed to the disk until it was durable',
      lastCommitSeconds,
    ),
  ]
}
