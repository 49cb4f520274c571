/** Why something that was asked of a share group cannot be. */
export type ShareGroupErrorCode =
  | 'coordinator_not_available'
  | 'fenced_member_epoch'
  | 'group_id_not_found'
  | 'group_max_size_reached'
  | 'non_empty_group'
  | 'policy_violation'
  | 'unknown_member_id'
  | 'unknown_topic_or_partition'

/** A request that a share group refuses, with Kafka's text. */
export class ShareGroupError extends Error {
  override readonly name = 'ShareGroupError'
  readonly code: ShareGroupErrorCode

  constructor(code: ShareGroupErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
