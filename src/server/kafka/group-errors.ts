import type { GroupErrorCode } from '../../broker/group/group-error.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import { codeOf, noError } from './error-code.ts'

/** A GroupErrorCode without a row does not compile. */
const names: Readonly<Record<GroupErrorCode, KafkaErrorName>> = {
  coordinator_not_available: 'COORDINATOR_NOT_AVAILABLE',
  invalid_group_id: 'INVALID_GROUP_ID',
  unknown_member_id: 'UNKNOWN_MEMBER_ID',
  member_id_required: 'MEMBER_ID_REQUIRED',
  fenced_instance_id: 'FENCED_INSTANCE_ID',
  illegal_generation: 'ILLEGAL_GENERATION',
  rebalance_in_progress: 'REBALANCE_IN_PROGRESS',
  inconsistent_group_protocol: 'INCONSISTENT_GROUP_PROTOCOL',
  invalid_session_timeout: 'INVALID_SESSION_TIMEOUT',
  group_max_size_reached: 'GROUP_MAX_SIZE_REACHED',
  group_id_not_found: 'GROUP_ID_NOT_FOUND',
  non_empty_group: 'NON_EMPTY_GROUP',
  group_subscribed_to_topic: 'GROUP_SUBSCRIBED_TO_TOPIC',
  unknown_topic_or_partition: 'UNKNOWN_TOPIC_OR_PARTITION',
  offset_metadata_too_large: 'OFFSET_METADATA_TOO_LARGE',
  policy_violation: 'POLICY_VIOLATION',
  unknown_server_error: 'UNKNOWN_SERVER_ERROR',
  invalid_request: 'INVALID_REQUEST',
  fenced_member_epoch: 'FENCED_MEMBER_EPOCH',
  stale_member_epoch: 'STALE_MEMBER_EPOCH',
  unreleased_instance_id: 'UNRELEASED_INSTANCE_ID',
  unsupported_assignor: 'UNSUPPORTED_ASSIGNOR',
  invalid_regular_expression: 'INVALID_REGULAR_EXPRESSION',
  unsupported_version: 'UNSUPPORTED_VERSION',
}

/** The number that clients know; 0 for no error. */
export function groupCodeOf(error: GroupErrorCode | undefined): number {
  return error === undefined ? noError : codeOf(names[error])
}
