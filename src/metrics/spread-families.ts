// What a cell has to do with partitions of its topics that other cells lead; nothing of a broker that is alone.
import { type Family, gauge } from './family.ts'
import type { MetricsSource } from './metrics-source.ts'

export function spreadFamilies({ broker: { spread } }: MetricsSource): Family[] {
  if (spread === undefined) return []
  const { mirrors, transits } = spread
  return [
    gauge(
      'pabal_transit_bytes',
      'Messages on their way to partitions that other cells lead',
      transits.size,
    ),
    gauge(
      'pabal_transit_limit_bytes',
      'Publishers wait when more of them are on their way',
      transits.sizeMax,
    ),
    gauge(
      'pabal_remote_partitions_followed',
      'Partitions that other cells lead and whose records somebody waits for here',
      mirrors.followedCount,
    ),
    gauge(
      'pabal_remote_records_bytes',
      'Records in memory that were read from other cells lately',
      mirrors.keptSize,
    ),
  ]
}
