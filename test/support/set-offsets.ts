import { Admin } from '@platformatic/kafka'

/** Sets how far a group without members has read partition 0, 1 and so on of a topic. */
export async function setOffsets(
  port: number,
  groupId: string,
  topic: string,
  offsets: readonly number[],
): Promise<void> {
  const admin = new Admin({ clientId: 'set-offsets', bootstrapBrokers: [`127.0.0.1:${port}`] })
  try {
    const partitionOffsets = offsets.map((offset, partition) => ({
      partition,
      offset: BigInt(offset),
    }))
    await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets }] })
  } finally {
    await admin.close()
  }
}
