/** A topic as groups see it. */
export interface GroupTopic {
  readonly name: string
  /** Another topic of the same name has another one. */
  readonly topicId: string
  readonly partitionCount: number
}

/** Whether there is such a partition. */
export function hasPartition(
  topics: GroupTopics,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): boolean {
  const found = topics.find(topic)
  return found !== undefined && partition >= 0 && partition < found.partitionCount
}

/** The topics that groups read. */
export interface GroupTopics {
  /** Another number when topics may have come, gone or grown. */
  readonly version: number
  find(name: string): GroupTopic | undefined
  findById(topicId: string): GroupTopic | undefined
  /** Everything that there is. */
  names(): Iterable<string>
}
