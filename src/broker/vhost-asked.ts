// A virtual host as somebody asks for one in RabbitMQ's JSON.
import { tagsOf } from '../auth/user-asked.ts'
import { authLimits } from '../limits/auth.ts'
import type { VHostMetadata } from '../meta/topology-change.ts'

/** JSON; nothing of it has been looked at. */
export type VHostAsked = Readonly<Record<string, unknown>>

const queueTypes: ReadonlySet<unknown> = new Set(['classic', 'quorum', 'stream'])

/** Why there can be no such virtual host; undefined when there can. */
export function whyNoVHost(name: string, asked: VHostAsked): string | undefined {
  const { tracing = false, description = '', default_queue_type: type } = asked
  const { protected_from_deletion: isProtected = false } = asked
  if (Buffer.byteLength(name) > authLimits.nameSizeMax) {
    return `the name of a vhost has at most ${authLimits.nameSizeMax} bytes`
  }
  if (tracing === true || tracing === 'true') return 'tracing is not served: leave it out'
  if (tracing !== false && tracing !== 'false') return 'tracing must be true or false'
  if (typeof isProtected !== 'boolean') return 'protected_from_deletion must be true or false'
  if (typeof description !== 'string') return 'description must be text'
  if (asked['tags'] !== undefined && tagsOf(asked) === undefined) {
    return 'tags must be text or a list of texts'
  }
  if (type === undefined || queueTypes.has(type)) return undefined
  return `invalid default_queue_type ${JSON.stringify(type)}: use classic, quorum or stream`
}

/** What is asked for; what is not stays as it was. */
export function metadataOf(asked: VHostAsked): VHostMetadata {
  const { description, default_queue_type: type, protected_from_deletion: isProtected } = asked
  const tags = tagsOf(asked)
  return {
    ...(description !== undefined && { description: description as string }),
    ...(tags && { tags }),
    ...(type !== undefined && { defaultQueueType: type as string }),
    ...(isProtected !== undefined && { isProtected: isProtected as boolean }),
  }
}
