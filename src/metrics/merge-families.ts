// Metrics of a node of a cluster: each of its cells has them, and what has the same name and labels is added up.
import type { Family, Sample } from './family.ts'

/** Of states and ages the worst tells; of what the whole process has, each cell says the same. */
const greatest =
  /^rabbitmq_(?:alarms_|raft_term$|raft_commit_latency|resident_memory_limit|process_max)|^pabal_(?:publishers_blocked|refusing|ready|uptime|memory_held_limit|memory_watermark)|_oldest_|_largest$|_info$|^kafka_brokers$/

/** In the order of the first that has them. Those of queues are of one cell, and are not looked up. */
export function mergeFamilies(all: readonly (readonly Family[])[]): Family[] {
  const byName = new Map<string, Family[]>()
  for (const family of all.flat()) {
    const same = byName.get(family.name)
    if (same === undefined) byName.set(family.name, [family])
    else same.push(family)
  }
  return Array.from(byName.values(), (same) => {
    const [first] = same as [Family, ...Family[]]
    return same.length === 1 ? first : { ...first, samples: () => mergeSamples(first, same) }
  })
}

function* mergeSamples({ name }: Family, same: readonly Family[]): Generator<Sample> {
  const isGreatest = greatest.test(name)
  const sums = new Map<string, Sample>()
  for (const family of same) {
    for (const sample of family.samples()) {
      if (isOfOneCell(sample)) {
        yield sample
        continue
      }
      const key = `${sample.suffix ?? ''} ${sample.labels ?? ''}`
      const before = sums.get(key)?.value
      const { value } = sample
      const merged = isGreatest ? Math.max(before ?? value, value) : (before ?? 0) + value
      sums.set(key, { ...sample, value: merged })
    }
  }
  yield* sums.values()
}

function isOfOneCell({ labels }: Sample): boolean {
  return labels !== undefined && /(?:^|[{,])(?:vhost|queue_vhost|topic)="/.test(labels)
}
