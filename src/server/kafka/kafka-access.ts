// What one Kafka client may do. Its user's rights in the virtual host that has Kafka's topics answer each of
// Kafka's operations (docs/permissions.md); an administrator may do everything, as one of Kafka's super users.
// The rights are those that everyone else holds who acts for the user: a change is in force at once.
import {
  type GroupRight,
  rightForGroup,
  rightForTopic,
  type TopicRight,
} from '../../auth/kafka-rights.ts'
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
  needsTopic(right: TopicRight, name: string): boolean {
    return this.mayTopic(right, name) || this.#refuse(right, 'topic', name)
  }

  /** As `mayGroup`, likewise. */
  needsGroup(right: GroupRight, name: string): boolean {
    return this.mayGroup(right, name) || this.#refuse(right, 'group', name)
  }

  /** As `mayTransactionalId`, likewise. */
  needsTransactionalId(right: TopicRight, name: string): boolean {
    return this.mayTransactionalId(right, name) || this.#refuse(right, 'transactional id', name)
  }

  mayTopic(right: TopicRight, name: string): boolean {
    return rightForTopic(this.#rights, right, name) !== undefined || this.isAdministrator
  }

  mayGroup(right: GroupRight, name: string): boolean {
    return rightForGroup(this.#rights, right, name) !== undefined || this.isAdministrator
  }

  /** Transactional ids are names as those of topics are. */
  mayTransactionalId(right: TopicRight, name: string): boolean {
    return this.mayTopic(right, name)
  }

  /** Throws TOPIC_AUTHORIZATION_FAILED. */
  permitTopic(right: TopicRight, name: string): void {
    if (!this.needsTopic(right, name)) throw new KafkaRefusal('TOPIC_AUTHORIZATION_FAILED')
  }

  /** Throws CLUSTER_AUTHORIZATION_FAILED for everyone who is no administrator. */
  permitAdministrator(): void {
    if (!this.isAdministrator) throw new KafkaRefusal('CLUSTER_AUTHORIZATION_FAILED')
  }

  #refuse(right: TopicRight, kind: 'topic' | 'group' | 'transactional id', name: string): false {
    const told = (this.#told ??= new Set())
    if (told.size >= kafkaLimits.refusalsToldMax) return false
    const operation = right === 'describe' ? 'any' : right
    const what = `${operation} access to ${kind} '${name.slice(0, kafkaLimits.refusedNameSizeMax)}'`
    if (told.has(what)) return false
    told.add(what)
    this.#tell(what)
    return false
  }
}
