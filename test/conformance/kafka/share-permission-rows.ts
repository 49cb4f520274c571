// The rows of permission-rows.ts for share groups (KIP-932): group `s` and topic `t`.
import type { ApiMessages } from '../../../src/codec/kafka/apis.gen.ts'

type ShareApi =
  | 'shareGroupHeartbeat'
  | 'shareGroupDescribe'
  | 'shareFetch'
  | 'shareAcknowledge'
  | 'describeShareGroupOffsets'
  | 'alterShareGroupOffsets'
  | 'deleteShareGroupOffsets'

type ShareRows<Need> = {
  readonly [Name in ShareApi]: {
    readonly request: (version: number, topicId: string) => ApiMessages[Name]['request']
    readonly needs: readonly Need[]
    readonly changes?: true
  }
}

type Right = 'joining' | 'seeing' | 'reading' | 'seeingGroup' | 'managingGroup'

const sharing = { groupId: 's', memberId: 'm' }

export function shareRows<Need>(needs: Readonly<Record<Right, Need>>): ShareRows<Need> {
  return {
    shareGroupHeartbeat: {
      request: () => ({
        ...sharing,
        memberEpoch: 0,
        rackId: null,
        subscribedTopicNames: ['t'],
      }),
      needs: [needs.joining, needs.seeing],
      changes: true,
    },
    shareGroupDescribe: {
      request: () => ({ groupIds: ['s'], includeAuthorizedOperations: false }),
      needs: [needs.seeingGroup],
    },
    shareFetch: {
      request: (_version, topicId) => ({
        ...sharing,
        shareSessionEpoch: 0,
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 1000,
        maxRecords: 1,
        batchSize: 1,
        shareAcquireMode: 0,
        isRenewAck: false,
        topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
        forgottenTopicsData: [],
      }),
      needs: [needs.joining, needs.reading],
    },
    shareAcknowledge: {
      request: (_version, topicId) => ({
        ...sharing,
        shareSessionEpoch: -1,
        isRenewAck: false,
        topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
      }),
      // It is of a session, which has partitions that may be read.
      needs: [needs.joining],
    },
    describeShareGroupOffsets: {
      request: () => ({
        groups: [{ groupId: 's', topics: [{ topicName: 't', partitions: [0] }] }],
      }),
      needs: [needs.seeingGroup, needs.seeing],
    },
    alterShareGroupOffsets: {
      request: () => ({
        groupId: 's',
        topics: [{ topicName: 't', partitions: [{ partitionIndex: 0, startOffset: 0 }] }],
      }),
      needs: [needs.joining, needs.reading],
      changes: true,
    },
    deleteShareGroupOffsets: {
      request: () => ({ groupId: 's', topics: [{ topicName: 't' }] }),
      needs: [needs.managingGroup, needs.reading],
      changes: true,
    },
  }
}
