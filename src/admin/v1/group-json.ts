// Groups, as the API shows them.
import type { LagSample } from '../../broker/group/group-lags.ts'

/** A group in a list. */
export interface GroupJson {
  readonly name: string
  readonly type: string
  readonly state: string
  readonly protocol_type: string
  readonly members: number
  readonly topics: number
  readonly lag: number
}

/** A group with its members and places. */
export interface GroupShownJson extends GroupJson {
  readonly generation: number
  readonly assignment_epoch: number | null
  readonly protocol: string
  readonly member_list: readonly GroupMemberJson[]
  readonly offsets: readonly GroupPlaceJson[]
  readonly lag_history: readonly LagSample[]
  readonly dead_letters: GroupDeadLettersJson
  readonly may: {
    readonly reset: boolean
    readonly delete: boolean
    readonly configure: boolean
  }
}

export interface PartitionJson {
  readonly topic: string
  readonly partition: number
}

export interface GroupMemberJson {
  readonly id: string
  readonly instance_id: string | null
  readonly client_id: string
  readonly host: string
  /** That it speaks: classic, consumer or share. */
  readonly protocol: string
  readonly epoch: number | null
  readonly pattern: string | null
  readonly partitions: readonly PartitionJson[] | null
  /** What it is to have in the end. */
  readonly target: readonly PartitionJson[] | null
}

export interface GroupPlaceJson {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly start: number
  readonly end: number
  readonly lag: number
  readonly lag_ms: number | null
  readonly in_flight: number | null
  readonly metadata: string
  readonly committed: number | null
}

/** What a group's settings say of records that it cannot process, and what came of it. */
export interface GroupDeadLettersJson {
  readonly attempts: number | null
  readonly to: string | null
  readonly set_aside: number
  readonly stuck: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly attempts: number
  }[]
}
