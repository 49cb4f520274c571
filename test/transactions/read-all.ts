// Topics of a run, and everything that is committed in them in the end.
import { waitFor } from '../support/wait-for.ts'
import { type ReadRecord, readCommitted } from './committed-reader.ts'
import type { Link } from './link.ts'

export async function createTopics(
  link: Link,
  names: readonly string[],
  partitions: number,
): Promise<void> {
  const topics = names.map((name) => {
    return { name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }
  })
  await link.insist('createTopics', { topics, timeoutMs: 10_000, validateOnly: false }, 7)
}

/** What is in each partition, once nothing is open any more. */
export async function readTopic(
  link: Link,
  topic: string,
  partitions: number,
): Promise<ReadRecord[][]> {
  const contents: ReadRecord[][] = []
  for (let partition = 0; partition < partitions; partition++) {
    contents.push(await readPartition(link, topic, partition))
  }
  return contents
}

async function readPartition(link: Link, topic: string, partition: number): Promise<ReadRecord[]> {
  const records: ReadRecord[] = []
  let offset = 0
  await waitFor(
    `the end of ${topic} ${partition}, where no transaction is open`,
    async () => {
      const page = await readCommitted(link, { topic, partition, offset })
      records.push(...page.records)
      offset = page.next
      return offset === page.highWatermark
    },
    120_000,
  )
  return records
}
