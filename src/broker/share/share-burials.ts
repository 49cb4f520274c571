// Dead records of share groups that the cells send which lead their partitions: they go where the group's dead letters
// go, from the cell that has the group. What was done is kept in the same atom, so that nothing is done twice.
import type { Ticket } from '../../log/ticket.ts'
import { decodeCarried } from '../../record/message/carried-message.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { usingAside } from '../carried-record.ts'
import type { Shortage } from '../shortage.ts'
import { whenDurable } from '../when-durable.ts'
import { ShareDeadLetterSender, type ShareSenderContext } from './share-dead-letter-sender.ts'
import { type BuriedRow, keyOfDeaths, putBuriedRow } from './share-death-rows.ts'
import type { BuryAsked } from './share-elsewhere.ts'
import { ShareGroupError } from './share-group-error.ts'
import type { ShareGroup } from './share-group.ts'

export interface ShareBurialsContext extends ShareSenderContext {
  readonly shortage: Shortage
}

interface Buried extends BuriedRow {
  readonly ticket: Ticket | undefined
}

export class ShareBurials {
  readonly #context: ShareBurialsContext
  readonly #groups: ReadonlyMap<string, ShareGroup>
  readonly #buried: Map<string, Buried>

  constructor(
    context: ShareBurialsContext,
    groups: ReadonlyMap<string, ShareGroup>,
    rows: ReadonlyMap<string, BuriedRow>,
  ) {
    this.#context = context
    this.#groups = groups
    this.#buried = new Map(
      Array.from(rows, ([key, row]) => [key, { ...row, ticket: undefined }] as const),
    )
  }

  /**
   * Sends them on, once. Resolves when that is durable, or the group has its place no more. Rejects with
   * `ShareGroupError` when there is no space for messages, and with `CodecError`.
   */
  async bury(asked: BuryAsked, messages: Buffer): Promise<void> {
    if (this.#context.shortage.reason !== undefined) {
      throw new ShareGroupError('coordinator_not_available', 'The cell of the group has no space.')
    }
    const views = decodeCarried(messages)
    await this.#usingAsides(views, () => whenDurable(this.#send(asked, views)))
  }

  /** Large bodies have files of their own, which have to be there first. */
  #usingAsides(views: readonly RecordView[], use: () => Promise<void>): Promise<void> {
    const [first, ...others] = views
    if (first === undefined) return use()
    return usingAside(this.#context.store, first, () => this.#usingAsides(others, use))
  }

  #send(asked: BuryAsked, views: readonly RecordView[]): Ticket | undefined {
    const { groupId, topicId, partition, deaths } = asked
    const group = this.#groups.get(groupId)
    const place = group?.topics.get(topicId)
    if (group === undefined || place?.spread?.placeId !== asked.placeId) return undefined
    const known = this.#known(asked)
    if (known !== undefined) return known.ticket
    const sender = new ShareDeadLetterSender(
      { groupId, topic: place.topic, partition, settings: () => group.settings },
      this.#context,
    )
    sender.createTopic()
    const { store } = this.#context
    const row = { senderId: asked.senderId, sequence: asked.sequence }
    store.beginAtom()
    for (const [at, { reason, deliveryCount }] of deaths.entries()) {
      const view = views[at]
      if (view !== undefined) sender.send(view, reason, deliveryCount)
    }
    putBuriedRow(store, { groupId, topicId, partition }, row)
    const ticket = store.endAtom()
    this.#buried.set(keyOfDeaths({ groupId, topicId, partition }), { ...row, ticket })
    return ticket
  }

  /** The group has given up its place. */
  forget(groupId: string, topicId: string, partitionCount: number): void {
    for (let partition = 0; partition < partitionCount; partition++) {
      this.#buried.delete(keyOfDeaths({ groupId, topicId, partition }))
    }
  }

  /** What was done of it before; undefined: nothing. */
  #known(asked: BuryAsked): Buried | undefined {
    const known = this.#buried.get(keyOfDeaths(asked))
    const isSame = known?.senderId === asked.senderId && known.sequence >= asked.sequence
    return isSame ? known : undefined
  }
}
