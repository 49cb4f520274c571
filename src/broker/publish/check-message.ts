// What a message must be like before it is routed, whatever its protocol.
import { readExpiration, readUserId } from '../../record/message/content-header.ts'
import { PROPERTY_EXPIRATION, PROPERTY_USER_ID } from '../../record/message/properties.gen.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { preconditionFailed } from '../broker-error.ts'
import { checkExpiration } from './check-expiration.ts'

/**
 * Throws `precondition_failed` when the property `user_id` names somebody else than its
 * publisher, or
 * `expiration` is no time to live. `flags` are the message's property flags.
 */
export function checkMessage(
  source: RecordSource,
  flags: number,
  publisher: { readonly user: string },
): void {
  if ((flags & PROPERTY_USER_ID) !== 0) checkUserId(source, publisher.user)
  if ((flags & PROPERTY_EXPIRATION) === 0) return
  const { header, headerStart, headerEnd } = source
  checkExpiration(readExpiration(header, headerStart, headerEnd) as string)
}

function checkUserId({ header, headerStart, headerEnd }: RecordSource, user: string): void {
  const claimed = readUserId(header, headerStart, headerEnd)
  if (claimed === undefined || claimed === user) return
  throw preconditionFailed(
    `user_id property set to '${claimed}' but authenticated user was '${user}'`,
  )
}
