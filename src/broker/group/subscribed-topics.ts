// Which topics a classic consumer reads, from the metadata that it joins with (Kafka's
// ConsumerProtocolSubscription). All versions begin alike, and later ones only add fields (KIP-429):
//
//   version i16 │ topicCount i32 { size i16, topic } … │ userDataSize i32, user data │ …
//
// A size of -1 is null, which only user data may be.

const topicCountPosition = 2

/** Undefined for metadata of another kind: Kafka Streams and others have formats of their own. */
export function subscribedTopics(metadata: Buffer): readonly string[] | undefined {
  const end = metadata.length
  if (end < topicCountPosition + 4 || metadata.readInt16BE(0) < 0) return undefined
  const count = metadata.readInt32BE(topicCountPosition)
  let position = topicCountPosition + 4
  if (count < 0 || count > end - position) return undefined
  const topics: string[] = []
  while (topics.length < count) {
    if (position + 2 > end) return undefined
    const start = position + 2
    position = start + metadata.readInt16BE(position)
    if (position < start || position > end) return undefined
    topics.push(metadata.toString('utf8', start, position))
  }
  return hasUserData(metadata, position) ? topics : undefined
}

function hasUserData(metadata: Buffer, position: number): boolean {
  if (position + 4 > metadata.length) return false
  const size = metadata.readInt32BE(position)
  return size >= -1 && size <= metadata.length - position - 4
}
