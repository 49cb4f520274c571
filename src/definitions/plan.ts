// What a file would change, thing by thing: made by comparing, without changing anything.
import type { Policy } from '../broker/policy/policy.ts'
import type { PermissionRow, TopicPermissionRow } from '../meta/access-rows.ts'
import type { AclRow } from '../meta/acl-row.ts'
import type {
  BindingDefined,
  ExchangeDefined,
  GlobalParameterDefined,
  QuotaDefined,
  QueueDefined,
  TopicDefined,
  UserDefined,
  VHostDefined,
  VHostLimitsDefined,
} from './definitions.ts'
import type { Difference } from './differences.ts'

/**
 * `add` and `change` are done, `same` is there already; `differs` is there otherwise and stays as it is;
 * `ignored` cannot be had.
 */
export type Outcome = 'add' | 'change' | 'same' | 'differs' | 'ignored'

/** What is to be done. */
export type DefinitionChange =
  | { readonly kind: 'virtual host'; readonly row: VHostDefined }
  | { readonly kind: 'user'; readonly row: UserDefined }
  | { readonly kind: 'permission'; readonly row: PermissionRow }
  | { readonly kind: 'topic permission'; readonly row: TopicPermissionRow }
  | { readonly kind: 'acl'; readonly row: AclRow }
  | { readonly kind: 'policy'; readonly row: Policy }
  | { readonly kind: 'exchange'; readonly row: ExchangeDefined }
  | { readonly kind: 'queue'; readonly row: QueueDefined }
  | { readonly kind: 'topic'; readonly row: TopicDefined }
  | { readonly kind: 'binding'; readonly row: BindingDefined }
  | { readonly kind: 'limits'; readonly row: VHostLimitsDefined }
  | { readonly kind: 'global parameter'; readonly row: GlobalParameterDefined }
  | { readonly kind: 'quota'; readonly row: QuotaDefined }

/** One thing of a file. */
export interface PlannedItem {
  /** In people's words: `queue`, `operator policy`. */
  readonly kind: string
  readonly vhost?: string | undefined
  readonly name: string
  /** `ignored` also when it turned out so while it was done. */
  outcome: Outcome
  /** Why, or what else is worth to know. */
  note?: string | undefined
  /** Of what is to be changed: from what to what. Never the hash of a password. */
  readonly differences?: readonly Difference[]
  /** Of what is to be added or changed. */
  readonly change?: DefinitionChange | undefined
}
