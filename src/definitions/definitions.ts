// What a definitions file asks for, read and not yet compared with a broker.
import type { QuotaEntity } from '../broker/quota/quota-entity.ts'
import type { QuotaValues } from '../broker/quota/quota-rules.ts'
import type { LimitValues, PermissionRow, TopicPermissionRow } from '../meta/access-rows.ts'
import type { AclRow } from '../meta/acl-row.ts'
import type { VHostMetadata } from '../meta/topology-change.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import type { Json } from './item-reader.ts'

export interface VHostDefined {
  readonly name: string
  readonly metadata: VHostMetadata
}

export interface UserDefined {
  readonly name: string
  /** As the management API gets it: password or its hash. */
  readonly asked: Json
  readonly tags: readonly string[]
  /** Undefined: they stay as they are. */
  readonly limits: LimitValues | undefined
  /** What it gets when it is new. */
  readonly permissions: readonly PermissionRow[]
}

export interface PolicyDefined {
  readonly vhost: string
  readonly name: string
  readonly isOperator: boolean
  readonly pattern: unknown
  readonly definition: unknown
  readonly priority: unknown
  readonly applyTo: unknown
}

export interface ExchangeDefined {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly durable: boolean
  readonly autoDelete: boolean
  /** Undefined where the file does not say: RabbitMQ's files do not. */
  readonly internal: boolean | undefined
  readonly arguments: FieldTable
}

export interface QueueDefined {
  readonly vhost: string
  readonly name: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: FieldTable
}

export interface BindingDefined {
  readonly vhost: string
  readonly source: string
  readonly destination: string
  readonly destinationKind: 'queue' | 'exchange'
  readonly routingKey: string
  readonly arguments: FieldTable
}

/** What Kafka's clients have set on a stream, which no argument says. */
export interface TopicDefined {
  readonly vhost: string
  readonly name: string
  readonly configs: Readonly<Record<string, string>>
}

export interface GlobalParameterDefined {
  readonly name: string
  readonly value: unknown
}

/** What a client of Kafka may use. */
export interface QuotaDefined {
  readonly entity: QuotaEntity
  readonly values: QuotaValues
}

export interface VHostLimitsDefined {
  readonly vhost: string
  readonly limits: LimitValues
}

/** Something that is left out, and why. */
export interface LeftOut {
  readonly kind: string
  readonly vhost?: string
  readonly name: string
  readonly reason: string
}

export interface Definitions {
  readonly vhosts: VHostDefined[]
  readonly users: UserDefined[]
  readonly permissions: PermissionRow[]
  readonly topicPermissions: TopicPermissionRow[]
  readonly acls: AclRow[]
  readonly policies: PolicyDefined[]
  readonly exchanges: ExchangeDefined[]
  readonly queues: QueueDefined[]
  readonly topics: TopicDefined[]
  readonly bindings: BindingDefined[]
  readonly globalParameters: GlobalParameterDefined[]
  readonly quotas: QuotaDefined[]
  /** By virtual host. */
  readonly limits: Map<string, LimitValues>
  readonly leftOut: LeftOut[]
}

export function noDefinitions(): Definitions {
  return {
    vhosts: [],
    users: [],
    permissions: [],
    topicPermissions: [],
    acls: [],
    policies: [],
    exchanges: [],
    queues: [],
    topics: [],
    bindings: [],
    globalParameters: [],
    quotas: [],
    limits: new Map(),
    leftOut: [],
  }
}
