// What a message must be like before it is routed, whatever its protocol.
import { readExpiration, readUserId } from '../../record/message/content-header.ts'
import { PROPERTY_EXPIRATION, PROPERTY_USER_ID } from '../../record/message/properties.gen.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { preconditionFailed } from '../broker-error.ts'
import { checkExpiration } from './check-expiration.ts'

/** Who publishes: no message may say it comes from somebody else, unless the user's tags allow it. */
export interface PublishingUser {
  readonly user: string
  readonly tags: readonly string[]
}

/** Who has this tag may publish in the name of others. Source: RabbitMQ, rabbit_access_control.erl. */
const impersonatorTag = 'impersonator'

/**
 * Throws `precondition_failed` when the property `user_id` names somebody else than its publisher,
 * or `expiration` is no time to live. `flags` are the message's property flags.
 */
export function checkMessage(source: RecordSource, flags: number, publisher: PublishingUser): void {
  if ((flags & PROPERTY_USER_ID) !== 0) checkUserId(source, publisher)
  if ((flags & PROPERTY_EXPIRATION) === 0) return
  const { header, headerStart, headerEnd } = source
  checkExpiration(readExpiration(header, headerStart, headerEnd) as string)
}

function checkUserId(
  { header, headerStart, headerEnd }: RecordSource,
  { user, tags }: PublishingUser,
): void {
  const claimed = readUserId(header, headerStart, headerEnd)
  if (claimed === undefined || claimed === user || tags.includes(impersonatorTag)) return
  throw preconditionFailed(
    `user_id property set to '${claimed}' but authenticated user was '${user}'`,
  )
}
