// What share groups are made of, loaded for the first of them: most brokers have none (docs/decisions/0040).
import { Late } from '../../lib/late.ts'

interface ShareParts {
  readonly ShareGroup: (typeof import('./share-group.ts'))['ShareGroup']
  readonly SharePartition: (typeof import('./share-partition.ts'))['SharePartition']
  readonly ShareTopic: (typeof import('./share-topic.ts'))['ShareTopic']
  readonly admitMember: (typeof import('./share-heartbeat.ts'))['admitMember']
}

export const shareParts: Late<ShareParts> = new Late(async () => ({
  ...(await import('./share-group.ts')),
  ...(await import('./share-partition.ts')),
  ...(await import('./share-topic.ts')),
  ...(await import('./share-heartbeat.ts')),
}))
