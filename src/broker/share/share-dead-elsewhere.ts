// The dead records of a share group in a partition, on their way to the cell that has the group: its dead letters go
// from there. Each goes once, whichever cell crashes: what is sent is kept here first, and the other cell keeps what it
// has done.
import type { Clock } from '../../lib/clock.ts'
import { wait } from '../../lib/wait.ts'
import { shareLimits } from '../../limits/share.ts'
import { encodeCarried } from '../../record/message/carried-message.ts'
import { readRecord } from '../read-record.ts'
import { whenDurable } from '../when-durable.ts'
import type { DeadRecords, ShareDeath } from './dead-records.ts'
import type { DyingPlace } from './dying-place.ts'
import { type DyingRow, putDyingRow } from './share-death-rows.ts'
import type { ShareDeathNote, ShareHome } from './share-elsewhere.ts'

export interface DeadElsewhereContext {
  readonly clock: Clock
  readonly home: Pick<ShareHome, 'bury'>
  readonly placeId: string
  /** No other sender has it. */
  readonly newId: () => string
  /** What an earlier process has kept. */
  readonly known: DyingRow | undefined
}

interface Waiter {
  /** Told when so many have gone. */
  readonly until: number
  readonly callback: () => void
}

export class ShareDeadElsewhere implements DeadRecords {
  readonly #place: DyingPlace
  readonly #context: DeadElsewhereContext
  /** In the order in which they died; the first `#sentCount` of them have been sent, or are about to be. */
  #deaths: ShareDeathNote[]
  #sentCount: number
  readonly #senderId: string
  #sequence: number
  /** How many have gone, and how many are kept here or gone. */
  #goneCount = 0
  #keptCount = 0
  #waiters: Waiter[] = []
  #isRunning = false
  #isClosed = false

  constructor(place: DyingPlace, context: DeadElsewhereContext) {
    const { known } = context
    this.#place = place
    this.#context = context
    this.#deaths = [...(known?.deaths ?? [])]
    this.#sentCount = known?.sentCount ?? 0
    this.#senderId = known?.senderId ?? context.newId()
    this.#sequence = known?.sequence ?? 0
    if (this.#deaths.length > 0) this.#start()
  }

  add(offset: number, reason: ShareDeath, deliveryCount: number): void {
    this.#deaths.push({ offset, reason, deliveryCount })
    this.#start()
  }

  /** At once when it takes long, once it is kept that they are dead: they come to no member again. */
  whenMoved(callback: () => void): void {
    if (this.#deaths.length === 0 || this.#isClosed) callback()
    else this.#waiters.push({ until: this.#goneCount + this.#deaths.length, callback })
  }

  close(): void {
    this.#isClosed = true
    this.#deaths = []
    this.#tell(Infinity)
  }

  /** Records die within an atom: it goes on when that has ended. */
  #start(): void {
    if (this.#isRunning || this.#isClosed) return
    this.#isRunning = true
    queueMicrotask(() => void this.#run())
  }

  async #run(): Promise<void> {
    try {
      await this.#sendAll()
    } finally {
      this.#isRunning = false
    }
  }

  async #sendAll(): Promise<void> {
    while (this.#deaths.length > 0 && !this.#isClosed) {
      const messages = await this.#read()
      if (this.#isClosed || this.#deaths.length === 0) return
      await this.#keep()
      if (this.#isClosed) return
      try {
        await this.#send(messages)
      } catch {
        this.#tell(this.#keptCount)
        await wait(this.#context.clock, shareLimits.shareBuryRetryMs)
        continue
      }
      await this.#onSent()
    }
  }

  /** The messages of those that go next. What cannot be read any more goes nowhere. */
  async #read(): Promise<Buffer[]> {
    const { log } = this.#place.share.partition
    const { store } = this.#place.share
    const isChosen = this.#sentCount > 0
    const countMax = (): number => (isChosen ? this.#sentCount : shareLimits.shareBuriedAtOnceMax)
    const messages: Buffer[] = []
    let size = 0
    while (messages.length < Math.min(countMax(), this.#deaths.length)) {
      const { offset } = this.#deaths[messages.length]!
      const read = await readRecord({ store, log }, offset, (view) =>
        view.offset === offset ? encodeCarried(view) : undefined,
      ).catch(() => undefined)
      if (this.#isClosed) return []
      if (read === undefined) {
        this.#drop(messages.length)
        continue
      }
      messages.push(read)
      size += read.length
      if (!isChosen && size >= shareLimits.shareBuriedSizeMax) break
    }
    if (!isChosen && messages.length > 0) this.#sequence++
    this.#sentCount = messages.length
    return messages
  }

  #drop(at: number): void {
    const { store } = this.#place.share
    const [{ offset }] = this.#deaths.splice(at, 1) as [ShareDeathNote]
    if (at < this.#sentCount) this.#sentCount--
    store.beginAtom()
    this.#place.share.onMoved(offset)
    store.endAtom()
    this.#goneCount++
    if (this.#deaths.length === 0) this.#tell(this.#goneCount)
  }

  /** All that are dead by now. Without room for it they are remembered until the process ends. */
  async #keep(): Promise<void> {
    const { store } = this.#place.share
    const count = this.#goneCount + this.#deaths.length
    store.beginAtom()
    this.#putRow()
    await whenDurable(store.endAtom())
    this.#keptCount = Math.max(this.#keptCount, count)
  }

  async #send(messages: readonly Buffer[]): Promise<void> {
    const { home, placeId } = this.#context
    const { groupId, topic, partition } = this.#place
    const name = { groupId, topicId: topic.topicId, placeId }
    const deaths = this.#deaths.slice(0, this.#sentCount)
    if (deaths.length === 0) return
    const asked = { ...name, partition, senderId: this.#senderId, sequence: this.#sequence, deaths }
    await home.bury(asked, Buffer.concat(messages))
  }

  async #onSent(): Promise<void> {
    if (this.#isClosed) return
    const { share } = this.#place
    const sent = this.#deaths.splice(0, this.#sentCount)
    this.#sentCount = 0
    share.store.beginAtom()
    for (const { offset } of sent) share.onMoved(offset)
    this.#putRow()
    const ticket = share.store.endAtom()
    this.#goneCount += sent.length
    const goneCount = this.#goneCount
    await whenDurable(ticket)
    this.#tell(goneCount)
  }

  /** Within an atom. */
  #putRow(): void {
    const { groupId, topic, partition, share } = this.#place
    putDyingRow(
      share.store,
      { groupId, topicId: topic.topicId, partition },
      {
        placeId: this.#context.placeId,
        senderId: this.#senderId,
        sequence: this.#sequence,
        sentCount: this.#sentCount,
        deaths: this.#deaths,
      },
    )
  }

  #tell(count: number): void {
    const told = this.#waiters.filter(({ until }) => until <= count)
    this.#waiters = this.#waiters.filter(({ until }) => until > count)
    for (const { callback } of told) callback()
  }
}
