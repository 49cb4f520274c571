// What share groups are made of, loaded for the first of them: most brokers have none (docs/decisions/0040).
import { Late } from '../../lib/late.ts'
import type { ShareGroup } from './share-group.ts'
import type { admitMember } from './share-heartbeat.ts'
import type { SharePartition } from './share-partition.ts'
import type { ShareTopic } from './share-topic.ts'

interface ShareParts {
  readonly ShareGroup: typeof ShareGroup
  readonly SharePartition: typeof SharePartition
  readonly ShareTopic: typeof ShareTopic
  readonly admitMember: typeof admitMember
}

export const shareParts: Late<ShareParts> = new Late(async () => ({
  ...(await import('./share-group.ts')),
  ...(await import('./share-partition.ts')),
  ...(await import('./share-topic.ts')),
  ...(await import('./share-heartbeat.ts')),
}))
