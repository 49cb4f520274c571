// When records came in of partitions that other cells lead, for those who cannot wait: what is not known is looked up
// for the next time. The record at an offset is the same as long as it is there.
import { groupLimits } from '../../limits/group.ts'
import type { PartitionLeaders, RemoteRecord } from '../topic/partition-leaders.ts'
import type { Partition } from '../topic/partition.ts'

interface KnownTime {
  readonly offset: number
  readonly time: number | undefined
}

export class RecordTimes {
  readonly #known = new WeakMap<Partition, KnownTime>()
  #wanted: RemoteRecord[] = []
  #isLooking = false

  /** In milliseconds since the Unix epoch; undefined as long as it is not known. */
  find(record: RemoteRecord, leaders: PartitionLeaders | undefined): number | undefined {
    const partition = record.topic.partitions[record.partition]
    const known = partition && this.#known.get(partition)
    if (known?.offset === record.offset) return known.time
    if (leaders !== undefined && this.#wanted.length < groupLimits.timesAtOnceMax) {
      this.#wanted.push(record)
      if (!this.#isLooking) void this.#look(leaders)
    }
    return undefined
  }

  async #look(leaders: PartitionLeaders): Promise<void> {
    this.#isLooking = true
    // In a turn of its own: more of them are wanted now.
    await Promise.resolve()
    const wanted = this.#wanted
    this.#wanted = []
    const times = await leaders.timesOf(wanted).catch(() => [])
    for (const [at, { topic, partition: index, offset }] of wanted.entries()) {
      const partition = topic.partitions[index]
      if (partition !== undefined) this.#known.set(partition, { offset, time: times[at] })
    }
    this.#isLooking = false
  }
}
