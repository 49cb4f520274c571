// Memory for what has begun to come in and cannot be used yet: parts of message bodies and of requests,
// transactions before their commit. It is bounded for all connections together.
//
// Within the budget nobody waits. Over it, connections that want to hold more than a little are not
// read, one excepted: they take turns. Whose turn it is goes on until something of its own is complete,
// and gives the memory back. A turn in which too little comes, or in which more comes than any message or
// request may take, ends with the connection; so does a wait of others for a connection that holds much
// and sends nothing. So half of something in every connection cannot keep the budget full for ever. Far
// over the budget the largest holder is ended at once.
import type { MemoryAccount, MemoryHolder, MemoryShare } from '../broker/memory-account.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { memoryLimits } from '../limits/memory.ts'
import { networkLimits } from '../limits/network.ts'

/** A connection that holds what has come in. */
export interface InputSource extends MemoryHolder {
  readonly memory: MemoryShare
  /** More than one message or request may take: what the connection gets in one turn. */
  readonly inputTurnSizeMax: number
  /** Nothing more is read, until `resumeInput`. */
  pauseInput(): void
  resumeInput(): void
}

interface InputTurn {
  readonly source: InputSource
  /** What it held when the turn began. */
  readonly sizeBefore: number
  /** It has got all that it may in one turn. */
  isPaused: boolean
  /** When it was looked at whether enough came, and what it held then. */
  seenAt: number
  sizeSeen: number
}

export interface InputBudgetOptions {
  readonly account: MemoryAccount
  readonly clock: Clock
  /** What came in, was accepted, and waits for the disk: more than usual of it counts as well. */
  readonly uncommittedSize: () => number
}

export class InputBudget {
  readonly #options: InputBudgetOptions
  /** They are paused, in the order in which they were. */
  readonly #waiting = new Set<InputSource>()
  #turn: InputTurn | undefined
  /** While somebody waits: what those who hold much held at a look, and since when. */
  readonly #seen = new Map<MemoryShare, { readonly size: number; readonly since: number }>()
  #timer: Timer | undefined
  #isEnding = false

  constructor(options: InputBudgetOptions) {
    this.#options = options
  }

  /** The source holds more than before. It may have been paused when this returns. */
  onGrown(source: InputSource): void {
    if (!this.#isOver) return
    if (this.#options.account.isOver('input', memoryLimits.inputHardFactor)) {
      this.#endLargestSoon()
      return
    }
    if (this.#turn?.source === source) this.#limitTurn(this.#turn)
    else if (source.memory.sizes.input > memoryLimits.smallInputSize) this.#enqueue(source)
  }

  /** The source holds less than before: something of it is complete, or given up. */
  onShrunk(source: InputSource): void {
    if (this.#turn?.source === source) this.#endTurn()
    else if (this.#waiting.size > 0) this.#resumeSome()
  }

  /** The source is gone. */
  forget(source: InputSource): void {
    this.#waiting.delete(source)
    if (this.#turn?.source === source) this.#turn = undefined
    this.#resumeSome()
  }

  get #room(): number {
    const { account, uncommittedSize } = this.#options
    const waits = Math.max(0, uncommittedSize() - memoryLimits.usualUncommittedSize)
    return account.budgets.input - account.sizes.input - waits
  }

  get #isOver(): boolean {
    return this.#room < 0
  }

  #enqueue(source: InputSource): void {
    source.pauseInput()
    this.#waiting.add(source)
    this.#watch()
    if (this.#turn === undefined) this.#beginTurn()
  }

  #beginTurn(): void {
    const [source] = this.#waiting
    if (source === undefined) return
    this.#waiting.delete(source)
    const size = source.memory.sizes.input
    const seenAt = this.#options.clock.monotonic()
    this.#turn = { source, sizeBefore: size, isPaused: false, seenAt, sizeSeen: size }
    source.resumeInput()
  }

  /** It may have all that one message takes, and no more. */
  #limitTurn(turn: InputTurn): void {
    const { source, sizeBefore } = turn
    if (turn.isPaused || source.memory.sizes.input - sizeBefore < source.inputTurnSizeMax) return
    turn.isPaused = true
    source.pauseInput()
  }

  #endTurn(): void {
    const turn = this.#turn
    this.#turn = undefined
    if (turn?.isPaused) turn.source.resumeInput()
    this.#resumeSome()
  }

  /** Lets as many go on as there is room for; if there is none, one all the same. */
  #resumeSome(): void {
    let room = this.#room
    for (const source of this.#waiting) {
      if (room <= 0) break
      room -= networkLimits.socketReadSize
      this.#waiting.delete(source)
      source.resumeInput()
    }
    if (this.#turn === undefined) this.#beginTurn()
  }

  /** Not within the call of whoever has grown: that may be in the middle of something. */
  #endLargestSoon(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    const { account, clock } = this.#options
    clock.atEndOfTurn(() => {
      this.#isEnding = false
      if (!account.isOver('input', memoryLimits.inputHardFactor)) return
      account.largest('input')?.holder.onMemoryNeeded()
      this.#endLargestSoon()
    })
  }

  #watch(): void {
    this.#timer ??= this.#options.clock.every(memoryLimits.inputCheckMs, () => this.#check())
  }

  #check(): void {
    const turn = this.#turn
    if (turn !== undefined) this.#checkTurn(turn)
    if (this.#isOver && this.#waiting.size > 0) this.#endIdle()
    this.#resumeSome()
    if (this.#turn !== undefined || this.#waiting.size > 0) return
    this.#timer?.stop()
    this.#timer = undefined
    this.#seen.clear()
  }

  /** The largest first, as far as that is needed. */
  #endIdle(): void {
    const idle = [...this.#options.account.shares].filter((share) => this.#isIdle(share))
    for (const share of idle.sort((a, b) => b.sizes.input - a.sizes.input)) {
      if (!this.#isOver) return
      share.holder.onMemoryNeeded()
    }
  }

  /** Whether it holds much and has sent nothing for a while, although it was read. */
  #isIdle(share: MemoryShare): boolean {
    const size = share.sizes.input
    if (size <= memoryLimits.smallInputSize || this.#isWaiting(share)) {
      this.#seen.delete(share)
      return false
    }
    const now = this.#options.clock.monotonic()
    const seen = this.#seen.get(share)
    if (seen?.size === size) return now - seen.since >= memoryLimits.inputIdleMsMax
    this.#seen.set(share, { size, since: now })
    return false
  }

  #isWaiting(share: MemoryShare): boolean {
    const source = share.holder as InputSource
    return this.#waiting.has(source) || this.#turn?.source === source
  }

  #checkTurn(turn: InputTurn): void {
    if (!this.#isOver) {
      this.#endTurn()
      return
    }
    const { source, seenAt, sizeSeen } = turn
    const now = this.#options.clock.monotonic()
    if (now - seenAt < memoryLimits.inputTurnMs) return
    const size = source.memory.sizes.input
    turn.seenAt = now
    turn.sizeSeen = size
    const isSlow = size - sizeSeen < memoryLimits.inputPerTurnMin
    if (isSlow || turn.isPaused) source.onMemoryNeeded()
  }
}
