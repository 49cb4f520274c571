// How partitions are shared among the members of a consumer group: `uniform` gives everyone as many, and moves as
// few as it can; `range` gives everyone neighbours, the same of each topic. The names are Kafka's.
import type { Assignor } from './assignor.ts'
import { assignRanges } from './range-assignor.ts'
import { assignUniformly } from './uniform-assignor.ts'

export const assignors: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', assignUniformly],
  ['range', assignRanges],
])
