// What one Kafka client may do. Its user's rights in the virtual host that has Kafka's topics, ACLs among them,
// answer each of Kafka's operations (docs/permissions.md); an administrator may do everything, as one of Kafka's super users.
// The rights are those that everyone else holds who acts for the user: a change is in force at once.
import type { AskedOperation } from '../../auth/acl-bits.ts'
import { clusterName, type KafkaAsked, mayInKafka } from '../../auth/kafka-rights.ts'
import { noRights, type Rights } from '../../auth/rights.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { KafkaRefusal } from './error-code.ts'

const nobody = (): boolean => false

/** One for each connection: what waits for something holds it, and hears of another login, too. */
export class KafkaAccess {
  #rights: Rights = noRights
  #isAdministrator: () => boolean = nobody
  readonly #tell: (refused: string) => void
  #told: Set<string> | undefined

  /** `tell` hears what was refused, such as `read access to topic 'orders'`: each once, and only the first. */
  constructor(tell: (refused: string) => void = () => undefined) {
    this.#tell = tell
  }

  /** The client is somebody from now on. `isAdministrator` says whether that is an administrator now. */
  open(rights: Rights, isAdministrator: () => boolean): void {
    this.#rights = rights
    this.#isAdministrator = isAdministrator
  }

  /** The client is nobody from now on. */
  close(): void {
    this.open(noRights, nobody)
  }

  /** Whether the client may be there at all. */
  get mayEnter(): boolean {
    return this.#rights.hasAccess || this.isAdministrator
  }

  get isAdministrator(): boolean {
    return this.#isAdministrator()
  }

  /** As `mayTopic`, of what the client asked for by name: a refusal is told. */
  needsTopic(operation: AskedOperation, name: string): boolean {
    return this.#rights.isUnrestricted || this.#needs({ type: 'topic', operation, name })
  }

  /** As `mayGroup`, likewise. */
  needsGroup(operation: AskedOperation, name: string): boolean {
    return this.#rights.isUnrestricted || this.#needs({ type: 'group', operation, name })
  }

  /** As `mayTransactionalId`, likewise. */
  needsTransactionalId(operation: AskedOperation, name: string): boolean {
    return this.#rights.isUnrestricted || this.#needs({ type: 'transactional-id', operation, name })
  }

  /** As `mayCluster`, likewise. */
  needsCluster(operation: AskedOperation): boolean {
    return this.#needs({ type: 'cluster', operation, name: clusterName })
  }

  mayTopic(operation: AskedOperation, name: string): boolean {
    return this.#rights.isUnrestricted || this.#may({ type: 'topic', operation, name })
  }

  mayGroup(operation: AskedOperation, name: string): boolean {
    return this.#rights.isUnrestricted || this.#may({ type: 'group', operation, name })
  }

  mayTransactionalId(operation: AskedOperation, name: string): boolean {
    return this.#rights.isUnrestricted || this.#may({ type: 'transactional-id', operation, name })
  }

  /** What counts for no topic, group and so on by itself: what no ACL allows is for administrators. */
  mayCluster(operation: AskedOperation): boolean {
    return this.#may({ type: 'cluster', operation, name: clusterName })
  }

  /** Whether the client may create a topic: this one, or any. */
  mayCreateTopic(name: string): boolean {
    return this.mayCluster('create') || this.needsTopic('create', name)
  }

  /** Whether the client may have an id as a producer: who writes to some topic needs one (KIP-679). */
  get mayProduceSomewhere(): boolean {
    return this.#rights.mayWriteSomewhere || this.needsCluster('idempotent-write')
  }

  /** Throws TOPIC_AUTHORIZATION_FAILED. */
  permitTopic(operation: AskedOperation, name: string): void {
    if (!this.needsTopic(operation, name)) throw new KafkaRefusal('TOPIC_AUTHORIZATION_FAILED')
  }

  /** Throws CLUSTER_AUTHORIZATION_FAILED. */
  permitCluster(operation: AskedOperation): void {
    if (!this.needsCluster(operation)) throw new KafkaRefusal('CLUSTER_AUTHORIZATION_FAILED')
  }

  #may(asked: KafkaAsked): boolean {
    return mayInKafka(this.#rights, asked) || this.isAdministrator
  }

  #needs(asked: KafkaAsked): boolean {
    return this.#may(asked) || this.#refuse(asked)
  }

  #refuse({ type, operation, name }: KafkaAsked): false {
    const told = (this.#told ??= new Set())
    if (told.size >= kafkaLimits.refusalsToldMax) return false
    const kind = type.replace('-', ' ')
    const what = `${operation} access to ${kind} '${name.slice(0, kafkaLimits.refusedNameSizeMax)}'`
    if (told.has(what)) return false
    told.add(what)
    this.#tell(what)
    return false
  }
}
