import { murmur2 } from '../../lib/murmur2.ts'

/** The partition of a key, of `count`, as Kafka's default partitioner chooses it. */
export function partitionFor(key: Buffer, count: number): number {
  return (murmur2(key) & 0x7fffffff) % count
}
