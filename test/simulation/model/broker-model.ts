// What all clients together know of the broker: a broker that keeps its promises never contradicts it.
import { Deed } from './deed.ts'
import { GroupModel } from './group-model.ts'
import type { History } from './history.ts'
import { Message, type MessagePlan } from './message.ts'
import { Presence } from './presence.ts'
import type { QueueLife } from './queue-life.ts'
import { Topology } from './topology.ts'

export class BrokerModel {
  readonly history: History
  readonly topology: Topology
  readonly messages: Map<string, Message> = new Map()
  /** Those that a crash may still undo or leave in doubt. */
  readonly #openDeeds = new Set<Deed>()
  /** Ids that idempotent producers were given. */
  readonly producerIds: Set<number> = new Set()
  readonly groups: Map<string, GroupModel> = new Map()
  /** Told of what becomes of the broker, if there are any. */
  letters: { onCrash(): void; onStop(): void } | undefined
  readonly #places = new Map<string, number>()
  /** Whether publishers are blocked, as the broker itself says. */
  readonly #blocked = new Presence()
  #lastMessage = 0

  constructor(history: History) {
    this.history = history
    this.topology = new Topology(history)
  }

  noteBlocked(isBlocked: boolean): void {
    const state = isBlocked ? 'yes' : 'no'
    if (state !== this.#blocked.state) this.#blocked.set(this.history.next(), state)
  }

  wasBlockedSince(moment: number): boolean {
    return this.#blocked.isEver(moment, this.history.now)
  }

  newDeed(what: string): Deed {
    const deed = new Deed(what, this.history)
    this.#openDeeds.add(deed)
    return deed
  }

  newMessageId(): string {
    return `m${++this.#lastMessage}`
  }

  groupOf(name: string): GroupModel {
    let group = this.groups.get(name)
    if (group === undefined) {
      group = new GroupModel(name, this.history)
      this.groups.set(name, group)
    }
    return group
  }

  /** The place of the next message in the order of a publisher. */
  nextPlace(publisher: string): number {
    const place = this.#places.get(publisher) ?? 0
    this.#places.set(publisher, place + 1)
    return place
  }

  /** A message is on its way to the broker. */
  addMessage(
    plan: MessagePlan,
    deed: Deed,
    order: { readonly publisher: string; readonly place: number },
  ): Message {
    const message = new Message(plan, deed, order)
    this.messages.set(plan.id, message)
    this.topology.add(message)
    return message
  }

  /**
   * The message that a client got, and the queue that it got it from: that with the name of `queue`, which
   * may have been deleted and declared again since it asked.
   */
  find(id: string | undefined, queue: QueueLife): { message: Message; queue: QueueLife } {
    const message = this.messages.get(id ?? '')
    if (message === undefined)
      throw this.history.fail(`${queue.name} has message '${id}' of nobody`)
    const newest = this.topology.queues.get(queue.name)
    for (const life of [queue, ...(newest === undefined ? [] : [newest])]) {
      if (this.#mayHave(life, message)) return { message, queue: life }
    }
    throw this.history.fail(`${queue.name} has ${String(message)}, which cannot be there`)
  }

  #mayHave(queue: QueueLife, message: Message): boolean {
    if (queue.entries.has(message)) return true
    const until = Math.min(message.deed.endedAt, this.history.now)
    return this.topology.reach(message, queue, until) !== 'cannot'
  }

  onCrash(): void {
    this.#onEnd((deed) => deed.onCrash())
    this.letters?.onCrash()
  }

  onStop(): void {
    this.#onEnd((deed) => deed.onStop())
    this.letters?.onStop()
  }

  #onEnd(change: (deed: Deed) => void): void {
    this.history.beginLife()
    for (const deed of this.#openDeeds) {
      change(deed)
      if (deed.fate === 'durable' || deed.fate === 'never') this.#openDeeds.delete(deed)
    }
    for (const queue of this.topology.queues.values()) {
      queue.onRestart()
      if (!queue.kind.isDurable && !queue.hasEnded) this.topology.end(queue)
    }
  }
}
