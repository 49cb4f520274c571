// The deliveries of one channel that are not settled yet, by delivery tag. Tags rise by one, so
// they index plain arrays; what stays unsettled long after its neighbours moves to a map, so that one
// forgotten tag does not keep room for all that came after it.
/**
 * Why a delivery ends: the message is done with; its consumer gives it back; its consumer has failed
 * with it, or is gone, and it goes back as well; or its consumer will not have it.
 */
export type SettleReason = 'ack' | 'requeue' | 'fail' | 'reject'

/** A queue, as it is found again after a restart. */
export interface DeliveredFrom {
  readonly name: string
  /** Of its first log. */
  readonly id: number
}

/** Who a delivery was for: a consumer, or one `basic.get`. */
export interface DeliveryHolder {
  /** The queue that has the message; undefined for a stream, whose messages stay. */
  readonly from?: DeliveredFrom | undefined
  /** How long a delivery may stay unacked; Infinity: for ever. */
  readonly ackTimeoutMs: number
  /** Ends the delivery of the message at `offset`; there may be room for another one. */
  settle(offset: number, reason: SettleReason): void
}

/** What settling does with one delivery. */
export type Settle = (holder: DeliveryHolder, offset: number, tag: number) => void

const compactAt = 4096
/** Two fields, in arrays that grow by half. */
const entrySize = 24
const stragglerSize = 120

export class UnackedDeliveries {
  /** Settled and never tracked tags are holes: `undefined`. */
  #holders: (DeliveryHolder | undefined)[] = []
  #offsets: number[] = []
  /** Tag of index 0. */
  #base = 1
  /** Everything before this index is settled. */
  #head = 0
  #count = 0
  readonly #stragglers = new Map<number, { holder: DeliveryHolder; offset: number }>()

  get count(): number {
    return this.#count
  }

  /** About as many bytes are kept, holes included. */
  get memorySize(): number {
    return this.#holders.length * entrySize + this.#stragglers.size * stragglerSize
  }

  add(tag: number, holder: DeliveryHolder, offset: number): void {
    if (this.#head === this.#holders.length) this.#reset(tag)
    // Deliveries without ack took tags in between.
    while (this.#base + this.#holders.length < tag) {
      this.#holders.push(undefined)
      this.#offsets.push(-1)
    }
    this.#holders.push(holder)
    this.#offsets.push(offset)
    this.#count++
  }

  /** Settles one delivery; false when the tag is unknown. */
  settle(tag: number, settle: Settle): boolean {
    const index = tag - this.#base
    const holder = index >= this.#head ? this.#holders[index] : undefined
    if (holder === undefined) return this.#settleStraggler(tag, settle)
    const offset = this.#offsets[index] as number
    this.#holders[index] = undefined
    this.#count--
    if (index === this.#head) this.#advanceHead()
    else if (this.#holders.length - this.#head > compactAt + this.#count * 4) this.#compact()
    settle(holder, offset, tag)
    return true
  }

  /** Settles `tag` and all before it, in order; false when the tag itself is unknown. */
  settleThrough(tag: number, settle: Settle): boolean {
    if (!this.has(tag)) return false
    for (const straggler of this.#stragglers.keys()) {
      if (straggler <= tag) this.#settleStraggler(straggler, settle)
    }
    const base = this.#base
    const end = tag - base + 1
    for (let index = this.#head; index < end; index++) {
      const holder = this.#holders[index]
      if (holder === undefined) continue
      const offset = this.#offsets[index] as number
      this.#holders[index] = undefined
      this.#count--
      settle(holder, offset, base + index)
    }
    if (end > this.#head) {
      this.#head = end
      this.#advanceHead()
    }
    return true
  }

  /** Settles everything, in order. */
  settleAll(settle: Settle): void {
    const last = this.lastTag
    if (last > 0) this.settleThrough(last, settle)
  }

  /** Takes a settled delivery back: it is unsettled again under its tag. */
  restore(tag: number, holder: DeliveryHolder, offset: number): void {
    this.#stragglers.set(tag, { holder, offset })
    this.#count++
  }

  /** Who has an unsettled delivery; undefined when the tag is unknown. */
  holderOf(tag: number): DeliveryHolder | undefined {
    const index = tag - this.#base
    const holder = index >= this.#head ? this.#holders[index] : undefined
    return holder ?? this.#stragglers.get(tag)?.holder
  }

  has(tag: number): boolean {
    const index = tag - this.#base
    return (index >= this.#head && this.#holders[index] !== undefined) || this.#stragglers.has(tag)
  }

  /** The lowest unsettled tag and who has it; of several that were restored the first may count later. */
  get first(): { readonly tag: number; readonly holder: DeliveryHolder } | undefined {
    const holder = this.#holders[this.#head]
    const tag = this.#base + this.#head
    for (const [straggler, { holder: its }] of this.#stragglers) {
      return holder === undefined || straggler < tag
        ? { tag: straggler, holder: its }
        : { tag, holder }
    }
    return holder && { tag, holder }
  }

  /** The highest unsettled tag, or 0. */
  get lastTag(): number {
    let last = 0
    // One that was restored may be above all that were never settled.
    for (const tag of this.#stragglers.keys()) last = Math.max(last, tag)
    for (let index = this.#holders.length - 1; index >= this.#head; index--) {
      if (this.#holders[index] !== undefined) return Math.max(last, this.#base + index)
    }
    return last
  }

  #settleStraggler(tag: number, settle: Settle): boolean {
    const straggler = this.#stragglers.get(tag)
    if (straggler === undefined) return false
    this.#stragglers.delete(tag)
    this.#count--
    settle(straggler.holder, straggler.offset, tag)
    return true
  }

  #advanceHead(): void {
    const { length } = this.#holders
    let head = this.#head
    while (head < length && this.#holders[head] === undefined) head++
    this.#head = head
    if (head === length) this.#reset(this.#base + length)
    else if (head > compactAt && head * 2 > length) this.#dropBefore(head)
  }

  #reset(base: number): void {
    this.#holders.length = 0
    this.#offsets.length = 0
    this.#head = 0
    this.#base = base
  }

  #dropBefore(index: number): void {
    this.#holders.splice(0, index)
    this.#offsets.splice(0, index)
    this.#base += index
    this.#head = 0
  }

  /** More holes than deliveries: what is unsettled moves to the map, the arrays start anew. */
  #compact(): void {
    for (let index = this.#head; index < this.#holders.length; index++) {
      const holder = this.#holders[index]
      if (holder === undefined) continue
      this.#stragglers.set(this.#base + index, { holder, offset: this.#offsets[index] as number })
    }
    this.#reset(this.#base + this.#holders.length)
  }
}
