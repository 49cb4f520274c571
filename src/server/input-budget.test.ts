import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryAccount, type MemoryShare } from '../broker/memory-account.ts'
import { memoryLimits } from '../limits/memory.ts'
import { networkLimits } from '../limits/network.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { InputBudget, type InputSource } from './input-budget.ts'

const megabyte = 1024 * 1024
/** Of input: an eighth of the watermark. */
const budgetSize = 10 * megabyte
const turnSizeMax = 4 * megabyte

class Setting {
  readonly clock = new VirtualClock()
  readonly account = new MemoryAccount({ watermark: 8 * budgetSize, onReceived: () => undefined })
  uncommitted = 0
  readonly budget = new InputBudget({
    account: this.account,
    clock: this.clock,
    uncommittedSize: () => this.uncommitted,
  })

  source(): SourceDouble {
    return new SourceDouble(this)
  }
}

class SourceDouble implements InputSource {
  readonly inputTurnSizeMax = turnSizeMax
  readonly memory: MemoryShare
  isPaused = false
  isEnded = false
  readonly #budget: InputBudget

  constructor({ account, budget }: Setting) {
    this.memory = account.open(this)
    this.#budget = budget
  }

  /** More has come in, if it is read. */
  receive(size: number): void {
    if (this.isPaused || this.isEnded) return
    this.memory.change('input', size)
    this.#budget.onGrown(this)
  }

  /** All that it holds is complete. */
  complete(): void {
    this.memory.set('input', 0)
    this.#budget.onShrunk(this)
  }

  pauseInput(): void {
    this.isPaused = true
  }

  resumeInput(): void {
    this.isPaused = false
  }

  onMemoryNeeded(): void {
    this.isEnded = true
    this.memory.close()
    this.#budget.forget(this)
  }
}

function fill(it: Setting, count: number): SourceDouble[] {
  const sources = Array.from({ length: count }, () => it.source())
  for (const source of sources) source.receive(budgetSize / count)
  return sources
}

describe('a budget for what comes in', () => {
  it('lets everybody go on while it is kept', () => {
    const it = new Setting()
    for (const source of fill(it, 5)) assert.equal(source.isPaused, false)
    assert.equal(it.clock.timerCount, 0)
  })

  it('lets one go on when it is used up, and the next when that one is complete', () => {
    const it = new Setting()
    const sources = fill(it, 5)
    for (const source of sources) source.receive(100_000)
    assert.deepEqual(isReading(sources), [true, false, false, false, false])
    sources[0]?.receive(100_000)
    assert.deepEqual(isReading(sources), [true, false, false, false, false])
    sources[0]?.complete()
    // More than a megabyte is free again: some reads fit.
    assert.deepEqual(isReading(sources), [true, true, true, true, true])
  })

  it('lets all of them finish in the end', () => {
    const it = new Setting()
    const sources = fill(it, 20)
    const left = new Map(sources.map((source) => [source, 3 * megabyte]))
    for (let rounds = 0; left.size > 0; rounds++) {
      assert.ok(rounds < 10_000, 'it does not come to an end')
      for (const [source, size] of left) {
        if (!source.isPaused) left.set(source, size - 65_536)
        source.receive(65_536)
        if (size > 0) continue
        left.delete(source)
        source.complete()
      }
      it.clock.advance(10)
    }
    assert.equal(sources.filter(({ isEnded }) => isEnded).length, 0)
    it.clock.advance(2 * memoryLimits.inputCheckMs)
    assert.equal(it.clock.timerCount, 0)
  })

  it('minds nobody who holds only a little', () => {
    const it = new Setting()
    for (const source of fill(it, 5)) source.receive(megabyte)
    const small = it.source()
    for (let count = 0; count < 100; count++) {
      small.receive(memoryLimits.smallInputSize)
      assert.equal(small.isPaused, false)
      small.complete()
    }
  })

  it('ends who has the turn and brings nothing', () => {
    const it = new Setting()
    const sources = fill(it, 5)
    for (const source of sources) source.receive(megabyte)
    it.clock.advance(memoryLimits.inputTurnMs - 1000)
    assert.equal(sources[0]?.isEnded, false)
    it.clock.advance(2000)
    assert.deepEqual(
      sources.map(({ isEnded }) => isEnded),
      [true, false, false, false, false],
    )
    assert.equal(sources[1]?.isPaused, false)
  })

  it('ends those who hold much and send nothing while others wait, the largest first', () => {
    const it = new Setting()
    const [large, small, other] = [it.source(), it.source(), it.source()]
    large.receive(6 * megabyte)
    small.receive(3 * megabyte)
    it.clock.advance(60_000)
    assert.equal(large.isEnded, false)
    for (let count = 0; count < 3; count++) other.receive(megabyte)
    const late = it.source()
    late.receive(megabyte)
    for (let seconds = 0; seconds < 7; seconds++) {
      other.receive(100_000)
      it.clock.advance(1000)
    }
    assert.deepEqual(
      [large, small, other, late].map(({ isEnded }) => isEnded),
      [true, false, false, false],
    )
    assert.equal(late.isPaused, false)
  })

  it('keeps who brings enough, however long it takes', () => {
    const it = new Setting()
    const sources = fill(it, 5)
    for (const source of sources) source.receive(megabyte)
    for (let seconds = 0; seconds < 50; seconds++) {
      sources[0]?.receive(66_000)
      it.clock.advance(1000)
    }
    assert.deepEqual(isReading(sources), [true, false, false, false, false])
    assert.equal(sources[0]?.isEnded, false)
  })

  it('pauses and then ends who brings more in its turn than a message may have', () => {
    const it = new Setting()
    const [greedy, other] = [it.source(), it.source()]
    other.receive(5 * megabyte)
    greedy.receive(6 * megabyte)
    assert.equal(greedy.isPaused, false)
    for (let count = 0; count < 4; count++) greedy.receive(megabyte)
    assert.deepEqual([greedy.isPaused, greedy.isEnded], [true, false])
    other.receive(megabyte)
    assert.equal(other.isPaused, true)
    it.clock.advance(memoryLimits.inputTurnMs + memoryLimits.inputCheckMs)
    assert.deepEqual([greedy.isEnded, other.isPaused, other.isEnded], [true, false, false])
  })

  it('ends the largest at once when many small ones have come to twice the budget', () => {
    const it = new Setting()
    const large = it.source()
    large.receive(6 * megabyte)
    let count = 0
    for (; !large.isEnded && count < 10_000; count++) {
      it.source().receive(memoryLimits.smallInputSize)
      it.clock.endTurn()
    }
    assert.equal(large.isEnded, true)
    const size = 6 * megabyte + count * memoryLimits.smallInputSize
    assert.ok(size > 2 * budgetSize && size < 2 * budgetSize + megabyte)
  })

  it('counts what waits for the disk, as far as it is more than usual', () => {
    const it = new Setting()
    const source = it.source()
    source.receive(5 * megabyte)
    it.uncommitted = memoryLimits.usualUncommittedSize + 4 * megabyte
    source.receive(megabyte / 2)
    assert.equal(source.isPaused, false)
    it.uncommitted = memoryLimits.usualUncommittedSize + 20 * megabyte
    const other = it.source()
    other.receive(megabyte)
    source.receive(megabyte / 2)
    assert.deepEqual([other.isPaused, source.isPaused], [false, true])
    it.uncommitted = 0
    it.clock.advance(memoryLimits.inputCheckMs)
    assert.deepEqual([other.isPaused, source.isPaused], [false, false])
  })

  it('resumes no more at once than there is room for what they read', () => {
    const it = new Setting()
    const sources = fill(it, 5)
    const waiting = Array.from({ length: 50 }, () => it.source())
    for (const source of [...sources, ...waiting]) source.receive(100_000)
    sources[1]?.complete()
    const resumed = waiting.filter(({ isPaused }) => !isPaused).length
    assert.ok(resumed < (2 * megabyte) / networkLimits.socketReadSize)
  })
})

function isReading(sources: readonly SourceDouble[]): boolean[] {
  return sources.map(({ isPaused }) => !isPaused)
}
