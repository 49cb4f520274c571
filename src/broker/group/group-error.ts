/**
 * Why a request to a group is refused. Named after Kafka's errors, whose numbers the Kafka server
 * knows; refusals are return values, never exceptions.
 */
export type GroupErrorCode =
  /** The group is being deleted, could not be stored, or the broker stops: ask again. */
  | 'coordinator_not_available'
  | 'invalid_group_id'
  | 'unknown_member_id'
  /** The first step of a two-step join: join again with the member id that was given. */
  | 'member_id_required'
  | 'fenced_instance_id'
  | 'illegal_generation'
  | 'rebalance_in_progress'
  | 'inconsistent_group_protocol'
  | 'invalid_session_timeout'
  /** No room: members of the group, groups, or memory that groups may take. */
  | 'group_max_size_reached'
  | 'invalid_request'
  | 'fenced_member_epoch'
  | 'stale_member_epoch'
  | 'unreleased_instance_id'
  | 'unsupported_assignor'
  | 'invalid_regular_expression'
  /** A request in a version that members of this kind do not use. */
  | 'unsupported_version'
  | 'group_id_not_found'
  | 'non_empty_group'
  | 'group_subscribed_to_topic'
  | 'unknown_topic_or_partition'
  | 'offset_metadata_too_large'
  /** No room for another committed offset. */
  | 'policy_violation'
  /** An assignment that is too large to be stored. */
  | 'unknown_server_error'
