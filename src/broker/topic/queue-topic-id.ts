// The topic ids of work queues: made from a log's id, so that they outlive restarts.

/** Of any topic id. */
export const topicIdBytes = 16

const prefix = Buffer.from('pabal.queue')
const prefixText = prefix.toString('base64url').slice(0, 14)

export function isQueueTopicId(topicId: string): boolean {
  return topicId.startsWith(prefixText)
}

/** The log of the work queue that has this topic id; -1 for what is too short to be one. */
export function logIdOfTopicId(topicId: string): number {
  const bytes = Buffer.from(topicId, 'base64url')
  return bytes.length < topicIdBytes
    ? -1
    : bytes.readUIntBE(prefix.length, topicIdBytes - prefix.length)
}

/** Of the work queue with this log. */
export function topicIdOfQueue(logId: number): string {
  const bytes = Buffer.alloc(topicIdBytes)
  prefix.copy(bytes)
  bytes.writeUIntBE(logId, prefix.length, topicIdBytes - prefix.length)
  return bytes.toString('base64url')
}
