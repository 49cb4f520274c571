// Whether a user may do something, and which permission says so: asked of the code that clients' requests ask.
// Nothing is done.
import type { AccessControl } from '../auth/access-control.ts'
import { type GroupRight, rightForGroup, rightForTopic } from '../auth/kafka-rights.ts'
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
  readonly action: 'enter' | Operation | 'describe'
  /** Topics and groups are those of Kafka's clients. */
  readonly kind: 'queue' | 'exchange' | 'topic' | 'group'
  readonly name: string
  /** Of a message that is published to an exchange, or of a binding from one. */
  readonly routingKey: string | undefined
}

/** What decided. */
export type AccessRule =
  | { readonly kind: 'settings' }
  | { readonly kind: 'tag'; readonly tag: string }
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
    this.#rights = access.rightsOf(asked.user, vhost.name)
  }

  steps(): Iterable<AccessStep> {
    const { kind } = this.#asked
    return kind === 'topic' || kind === 'group' ? this.#kafkaSteps(kind) : this.#amqpSteps(kind)
  }

  *#amqpSteps(kind: 'queue' | 'exchange'): Generator<AccessStep> {
    yield this.#enter()
    const { action, routingKey } = this.#asked
    if (action === 'enter') return
    const name = kind === 'exchange' ? stripName(this.#asked.name) : this.#asked.name
    const rights = this.#rights
    const refusal = refusalOf(() => {
      if (action === 'describe') permitAny(rights, { kind, name })
      else permit(rights, action, { kind, name })
    })
    const enough = action === 'describe' ? allRights : [action]
    const right = enough.find((each) => rights.may(each, name))
    yield this.#byPattern({ name, enough, right, isAllowed: refusal === undefined, refusal })
    const isKeyAsked = kind === 'exchange' && (action === 'write' || action === 'read')
    if (isKeyAsked && routingKey !== undefined) yield this.#byTopic(action, name, routingKey)
  }

  *#kafkaSteps(kind: 'topic' | 'group'): Generator<AccessStep> {
    const { action, name } = this.#asked
    if (this.#vhost.name !== defaultVHost) {
      yield no(`Kafka's clients see virtual host '${defaultVHost}' only.`)
    }
    yield this.#access.isAdministrator(this.#asked.user) ? this.#asAdministrator() : this.#enter()
    if (action === 'enter' || this.#access.isAdministrator(this.#asked.user)) return
    const rights = this.#rights
    const right =
      kind === 'topic'
        ? rightForTopic(rights, action, name)
        : rightForGroup(rights, action as GroupRight, name)
    const ofAny = kind === 'topic' ? allRights : (['read', 'configure'] as const)
    const enough = action === 'describe' ? ofAny : [action]
    const refusal = `${kind.toUpperCase()}_AUTHORIZATION_FAILED`
    yield this.#byPattern({ name, enough, right, isAllowed: right !== undefined, refusal })
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
    if (this.#rights.hasAccess) {
      return yes(`'${user}' has permissions in virtual host '${name}', and may enter it.`)
    }
    return {
      isAllowed: false,
      reason: `'${user}' has no permissions in virtual host '${name}', and may not enter it.`,
      refusal: `access to vhost '${name}' refused for user '${user}'`,
    }
  }

  #byPattern({ name: given, enough, right, isAllowed, refusal }: Compared): AccessStep {
    if (this.#access.isOwn(this.#asked.user)) return this.#asOwn()
    const row = this.#access.findPermission(this.#asked.user, this.#vhost.name)
    const name = given === '' ? 'amq.default' : given
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
