// Whether a user may do something, and which permission says so: asked of the code that clients' requests ask.
// Nothing is done.
import type { AccessControl } from '../auth/access-control.ts'
import type { AskedOperation } from '../auth/acl-bits.ts'
import { type AclResourceType, type AclRow, aclText } from '../auth/acl-text.ts'
import { clusterName, mayInKafka, permittingRight, rightsEnoughFor } from '../auth/kafka-rights.ts'
import type { Operation, Rights, TopicOperation } from '../auth/rights.ts'
import { BrokerError } from './broker-error.ts'
import { type Broker, defaultVHost } from './broker.ts'
import type { Destination } from './destination.ts'
import { stripName } from './exchange/check-name.ts'
import { permit, permitAny, permitTopic } from './permit.ts'
import type { VHost } from './vhost.ts'

/** What somebody would do with something that has a name, which need not be there. */
export interface AccessAsked {
  readonly user: string
  readonly vhost: string
  /** `enter`: open a connection there; `describe`: see that something is there. */
  readonly action: 'enter' | Operation | 'describe' | KafkaAction
  /** All but queues and exchanges are those of Kafka's clients. */
  readonly kind: 'queue' | 'exchange' | KafkaKind
  readonly name: string
  /** Of a message that is published to an exchange, or of a binding from one. */
  readonly routingKey: string | undefined
  /** The address that the user comes from, which ACLs may name; undefined for somewhere. */
  readonly host?: string | undefined
}

/** What Kafka's ACLs tell apart, beside what permissions do. */
export const kafkaActions: readonly KafkaAction[] = [
  'create',
  'delete',
  'alter',
  'describe-configs',
  'alter-configs',
  'cluster-action',
  'idempotent-write',
  'two-phase-commit',
]

type KafkaAction = Exclude<
  AskedOperation,
  'read' | 'write' | 'describe' | 'create-tokens' | 'describe-tokens'
>

export type KafkaKind = 'topic' | 'group' | 'transactional-id' | 'cluster'

/** What decided. */
export type AccessRule =
  | { readonly kind: 'settings' }
  | { readonly kind: 'tag'; readonly tag: string }
  /** In words: see `aclText`. */
  | { readonly kind: 'acl'; readonly acl: string }
  | { readonly kind: 'permission'; readonly right: Operation; readonly pattern: string }
  | {
      readonly kind: 'topic permission'
      readonly exchange: string
      readonly right: TopicOperation
      readonly pattern: string
    }

/** One thing that is asked on the way. */
export interface AccessStep {
  readonly isAllowed: boolean
  /** A sentence. */
  readonly reason: string
  readonly rule?: AccessRule
  /** What a client is told. */
  readonly refusal?: string
}

/** The steps in their order: all are allowed, or the last one is not. Never none. */
export function testAccess(broker: Broker, asked: AccessAsked): AccessStep[] {
  const { access } = broker
  const vhost = broker.findVHost(asked.vhost)
  if (access.findUser(asked.user) === undefined) {
    return [no(`There is no user '${asked.user}'. What a token permits stands in its scopes.`)]
  }
  if (vhost === undefined) return [no(`There is no virtual host '${asked.vhost}'.`)]
  const test = new AccessTest(access, vhost, asked)
  const steps: AccessStep[] = []
  for (const step of test.steps()) {
    steps.push(step)
    if (!step.isAllowed) break
  }
  return steps
}

const allRights: readonly Operation[] = ['read', 'write', 'configure']

class AccessTest {
  readonly #access: AccessControl
  readonly #vhost: VHost<Destination>
  readonly #asked: AccessAsked
  readonly #rights: Rights

  constructor(access: AccessControl, vhost: VHost<Destination>, asked: AccessAsked) {
    this.#access = access
    this.#vhost = vhost
    this.#asked = asked
    const rights = access.rightsOf(asked.user, vhost.name)
    this.#rights = asked.host === undefined ? rights : rights.from(asked.host)
  }

  steps(): Iterable<AccessStep> {
    const { kind } = this.#asked
    return kind === 'queue' || kind === 'exchange' ? this.#amqpSteps(kind) : this.#kafkaSteps(kind)
  }

  *#amqpSteps(kind: 'queue' | 'exchange'): Generator<AccessStep> {
    yield this.#enter()
    const { action, routingKey } = this.#asked
    if (action === 'enter' || isKafkaAction(action)) return
    const name = kind === 'exchange' ? stripName(this.#asked.name) : this.#asked.name
    const rights = this.#rights
    const refusal = refusalOf(() => {
      if (action === 'describe') permitAny(rights, { kind, name })
      else permit(rights, action, { kind, name })
    })
    const known = name === '' ? 'amq.default' : name
    const byAcl = this.#byAcl(aclOperations[action], 'topic', { name: known, refusal })
    const enough = action === 'describe' ? allRights : [action]
    const right = enough.find((each) => rights.permits(each, known))
    const isAllowed = refusal === undefined
    yield byAcl ?? this.#byPattern({ name: known, enough, right, isAllowed, refusal })
    if (byAcl?.isAllowed === false) return
    const isKeyAsked = kind === 'exchange' && (action === 'write' || action === 'read')
    if (isKeyAsked && routingKey !== undefined) yield this.#byTopic(action, name, routingKey)
  }

  *#kafkaSteps(type: KafkaKind): Generator<AccessStep> {
    const { action, user } = this.#asked
    if (this.#vhost.name !== defaultVHost) {
      yield no(`Kafka's clients see virtual host '${defaultVHost}' only.`)
    }
    const isAdministrator = this.#access.isAdministrator(user)
    yield isAdministrator ? this.#asAdministrator() : this.#enter()
    if (action === 'enter' || isAdministrator) return
    const name = type === 'cluster' ? clusterName : this.#asked.name
    const refusal = `${type.toUpperCase().replace('-', '_')}_AUTHORIZATION_FAILED`
    for (const operation of kafkaOperations(action, type)) {
      yield this.#kafkaStep(operation, type, { name, refusal })
    }
  }

  #kafkaStep(operation: AskedOperation, type: KafkaKind, { name, refusal }: Named): AccessStep {
    const byAcl = this.#byAcl([operation], type, { name, refusal })
    if (byAcl !== undefined) return byAcl
    const asked = { type, operation, name }
    const isAllowed = mayInKafka(this.#rights, asked)
    const enough = rightsEnoughFor(asked)
    if (enough.length === 0) {
      const reason = `No ACL allows ${operation} on ${type} '${name}', and no permission does: it is for administrators.`
      return { isAllowed, reason, ...(refusal !== undefined && { refusal }) }
    }
    const right = permittingRight(this.#rights, asked)
    return this.#byPattern({ name, enough, right, isAllowed, refusal })
  }

  /** Undefined where no ACL decides over all of `operations`. */
  #byAcl(
    operations: readonly AskedOperation[],
    type: AclResourceType,
    { name, refusal }: Named,
  ): AccessStep | undefined {
    const found = operations.map((operation) => this.#rights.findAcl(operation, type, name))
    const denial = found.find((row) => row?.permission === 'deny')
    if (denial !== undefined) {
      return { ...aclStep(denial), isAllowed: false, ...(refusal !== undefined && { refusal }) }
    }
    const [first] = found
    return first !== undefined && found.every((row) => row !== undefined)
      ? { ...aclStep(first), isAllowed: true }
      : undefined
  }

  #asAdministrator(): AccessStep {
    if (this.#access.isOwn(this.#asked.user)) return this.#asOwn()
    const reason = `'${this.#asked.user}' is an administrator, who may do everything in Kafka.`
    return { isAllowed: true, reason, rule: { kind: 'tag', tag: 'administrator' } }
  }

  #asOwn(): AccessStep {
    const reason = `'${this.#asked.user}' is the user of the settings, who may do everything.`
    return { isAllowed: true, reason, rule: { kind: 'settings' } }
  }

  #enter(): AccessStep {
    const { user } = this.#asked
    const { name } = this.#vhost
    if (this.#access.isOwn(user)) return this.#asOwn()
    const hasPermission = this.#access.findPermission(user, name) !== undefined
    if (this.#rights.hasAccess && !hasPermission) {
      return yes(`ACLs allow '${user}' something in virtual host '${name}', and it may enter it.`)
    }
    if (this.#rights.hasAccess) {
      return yes(`'${user}' has permissions in virtual host '${name}', and may enter it.`)
    }
    return {
      isAllowed: false,
      reason: `'${user}' has no permissions in virtual host '${name}', and may not enter it.`,
      refusal: `access to vhost '${name}' refused for user '${user}'`,
    }
  }

  #byPattern({ name, enough, right, isAllowed, refusal }: Compared): AccessStep {
    if (this.#access.isOwn(this.#asked.user)) return this.#asOwn()
    const row = this.#access.findPermission(this.#asked.user, this.#vhost.name)
    const told = !isAllowed && refusal !== undefined ? { refusal } : {}
    const only = enough.length === 1 ? enough[0] : undefined
    const decisive = right ?? only
    if (decisive === undefined) {
      const reason = `None of its patterns for ${enough.join(', ')} fits '${name}'.`
      return { isAllowed, reason, ...told }
    }
    const pattern = row?.[decisive] ?? ''
    const rule = { kind: 'permission', right: decisive, pattern } as const
    return { isAllowed, reason: sentence(decisive, { pattern, isAllowed, name }), rule, ...told }
  }

  #byTopic(right: TopicOperation, exchange: string, routingKey: string): AccessStep {
    const { user } = this.#asked
    if (this.#access.isOwn(user)) return this.#asOwn()
    if (!this.#rights.restrictsTopics(exchange)) {
      return yes(`It has no topic permission for '${exchange}': each routing key is permitted.`)
    }
    const type = this.#vhost.findExchange(exchange)?.type
    if (type !== 'topic') {
      const what = type === undefined ? 'is not there' : `is of type ${type}`
      return yes(`'${exchange}' ${what}: topic permissions count for exchanges of type topic.`)
    }
    const refusal = refusalOf(() => {
      permitTopic(this.#rights, right, this.#vhost, { exchange, routingKey })
    })
    const row = this.#access
      .topicPermissionsOf(user)
      .find((each) => each.vhost === this.#vhost.name && each.exchange === exchange)
    const pattern = row?.[right] ?? ''
    const isAllowed = refusal === undefined
    return {
      isAllowed,
      reason: sentence(`${right} on routing keys`, { pattern, isAllowed, name: routingKey }),
      rule: { kind: 'topic permission', exchange, right, pattern },
      ...(refusal !== undefined && { refusal }),
    }
  }
}

/** What a client asks for, and what it is told when it may not. */
interface Named {
  readonly name: string
  readonly refusal: string | undefined
}

const aclOperations = {
  configure: ['create', 'delete', 'alter'],
  write: ['write'],
  read: ['read'],
  describe: ['describe'],
} as const satisfies Readonly<Record<Operation | 'describe', readonly AskedOperation[]>>

export function isKafkaAction(action: string): action is KafkaAction {
  return kafkaActions.some((each) => each === action)
}

/** Configuring is a right of permissions; Kafka's clients ask for what exactly they do. */
function kafkaOperations(
  action: Exclude<AccessAsked['action'], 'enter'>,
  type: KafkaKind,
): readonly AskedOperation[] {
  if (action !== 'configure') return [action]
  return type === 'group' ? ['delete', 'alter-configs'] : ['create', 'delete', 'alter']
}

function aclStep(row: AclRow): Pick<AccessStep, 'reason' | 'rule'> {
  const acl = aclText(row)
  return { reason: `An ACL decides: ${acl}.`, rule: { kind: 'acl', acl } }
}

interface Compared {
  readonly name: string
  /** Rights of which any one will do. */
  readonly enough: readonly Operation[]
  /** The first of them that is there. */
  readonly right: Operation | undefined
  readonly isAllowed: boolean
  readonly refusal: string | undefined
}

interface Fitting {
  readonly pattern: string
  readonly isAllowed: boolean
  readonly name: string
}

function sentence(right: string, { pattern, isAllowed, name }: Fitting): string {
  if (pattern === '' && !isAllowed) return `Its pattern for ${right} is empty, which fits nothing.`
  return `Its pattern for ${right}, ${pattern}, ${isAllowed ? 'fits' : 'does not fit'} '${name}'.`
}

function refusalOf(check: () => void): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    return error.message
  }
}

function yes(reason: string): AccessStep {
  return { isAllowed: true, reason }
}

function no(reason: string): AccessStep {
  return { isAllowed: false, reason }
}
