// All that a fixture of this release has. What a section writes never changes, because fixtures of older
// releases have it; what is new is a new section.
import type { Section } from './section.ts'
import { access } from './sections/access.ts'
import { groupDeadLetters, jobs, kafkaAccess, paused } from './sections/administration.ts'
import { deduplication, manyBindings, replay, worn } from './sections/features.ts'
import { compacted, consumerProtocol, sharing, transactions } from './sections/kafka.ts'
import { classic, deadLetters, delayed, large, priorities, quorum } from './sections/messages.ts'
import { compressed, producers, sourceQueues, stream, topics } from './sections/streams.ts'

export const sections: readonly Section[] = [
  access,
  classic,
  priorities,
  quorum,
  deadLetters,
  delayed,
  large,
  stream,
  topics,
  compressed,
  producers,
  sourceQueues,
  deduplication,
  replay,
  manyBindings,
  worn,
  transactions,
  compacted,
  consumerProtocol,
  sharing,
  kafkaAccess,
  paused,
  jobs,
  groupDeadLetters,
]
