/** What a topic of the Kafka scenarios is like, and how their names and descriptions say so. */
export type TopicShape = {
  readonly size: 100 | 1024
  readonly partitions: number
  readonly compression: 'none' | 'lz4'
}

/** Every combination of sizes, `partitionCounts` and compressions. */
export function topicShapes(partitionCounts: readonly number[]): TopicShape[] {
  return ([100, 1024] as const).flatMap((size) =>
    partitionCounts.flatMap((partitions) =>
      (['none', 'lz4'] as const).map((compression) => ({ size, partitions, compression })),
    ),
  )
}

/** `100b`, `1k-6p`, `1k-24p-lz4`. */
export function shapeName({ size, partitions, compression }: TopicShape): string {
  const suffixes = [
    partitions === 1 ? '' : `-${partitions}p`,
    compression === 'none' ? '' : `-${compression}`,
  ]
  return `${size === 1024 ? '1k' : `${size}b`}${suffixes.join('')}`
}

export function describeShape({ size, partitions, compression }: TopicShape): string {
  const count = partitions === 1 ? 'one partition' : `${partitions} partitions`
  const how = compression === 'none' ? 'uncompressed' : `batches in ${compression}`
  return `JSON-like records of ${size} B, ${count}, ${how}`
}
