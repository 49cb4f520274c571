// Where a group is in some partitions, once no transaction may change that any more.
import type { Place, ProducerLink } from './tiny-producer.ts'

interface GroupPartitions {
  readonly group: string
  readonly topic: string
  readonly partitions: readonly number[]
}

/** 0 where it has committed nothing. */
export async function stableOffsets(
  link: ProducerLink,
  { group, topic, partitions }: GroupPartitions,
): Promise<Place[]> {
  const topics = [{ name: topic, topicId: '', partitionIndexes: partitions }]
  const groups = [{ groupId: group, memberId: null, memberEpoch: -1, topics }]
  const request = { groupId: '', topics: null, groups, requireStable: true }
  let places: Place[] = []
  const code = await link.settle(`stable offsets of ${group}`, async () => {
    const answer = await link.call('offsetFetch', request, 8)
    const found = answer.groups?.[0]?.topics[0]?.partitions ?? []
    places = found.map(({ partitionIndex: partition, committedOffset }) => {
      return { topic, partition, offset: Math.max(committedOffset, 0) }
    })
    return found.find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0
  })
  if (code !== 0) throw new Error(`the offsets of ${group} are refused with ${code}`)
  return places
}
