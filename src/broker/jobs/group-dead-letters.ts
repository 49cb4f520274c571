// Where groups send the records that they cannot process, as their settings say: consumer groups (docs/beyond-kafka.md)
// and share groups (KIP-1191). The queues and topics are in the virtual host of Kafka's topics.
import type { Steps } from '../../lib/slices.ts'
import { deathLimits } from '../../limits/jobs.ts'
import type { DynamicSettings, SettingValues } from '../dynamic-settings.ts'
import type { DeadLetterSettings } from '../queue/queue-settings.ts'
import { deadLetterSetting } from '../set-aside.ts'
import { shareDeadLetterOf } from '../share/share-settings.ts'

export interface GroupDeadLetters {
  readonly group: string
  readonly way: DeadLetterSettings
}

/** A name may be that of a consumer group or of a share group; what both would use is found. */
export function* findGroupDeadLetters(settings: DynamicSettings): Steps<GroupDeadLetters[]> {
  const all: GroupDeadLetters[] = []
  let count = 0
  for (const group of settings.names('group')) {
    if (++count % deathLimits.queuesPerStep === 0) yield
    for (const way of waysOf(settings.get('group', group))) all.push({ group, way })
  }
  return all
}

function waysOf(own: SettingValues): DeadLetterSettings[] {
  const ways: DeadLetterSettings[] = []
  const name = own[deadLetterSetting] ?? ''
  if (name !== '') ways.push(toQueue(name))
  const target = shareDeadLetterOf(own)
  if (target?.kind === 'topic') ways.push(toQueue(target.topic))
  if (target?.kind === 'exchange') {
    const { exchange, routingKey } = target
    ways.push({ exchange, routingKey, keepsUnroutable: true })
  }
  return ways
}

/** By the default exchange. */
function toQueue(routingKey: string): DeadLetterSettings {
  return { exchange: '', routingKey, keepsUnroutable: true }
}
