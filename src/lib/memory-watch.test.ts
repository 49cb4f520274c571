import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryLimits } from '../limits/memory.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type MemoryLevel, type MemoryRoom, MemoryWatch } from './memory-watch.ts'
import type { MemoryUsage, ProcessMemory } from './process-memory.ts'

const mega = 1e6

/** A process on a machine of 1 GB, whose V8 may have 500 MB. */
class MemoryDouble implements ProcessMemory {
  readonly total = 1000 * mega
  readonly heapMax = 500 * mega
  readonly clock = new VirtualClock()
  readonly levels: MemoryLevel[] = []
  collections = 0
  /** In megabytes. */
  used = 50
  garbage = 0
  /** Freed, and kept by the process. */
  kept = 0
  heap = 10
  room: MemoryRoom = 'free'
  /** Of what is used. */
  passing = 0

  read(): MemoryUsage {
    const known = this.used + this.garbage
    const overhead = 40
    return {
      resident: (known + overhead + this.kept) * mega,
      known: known * mega,
      heap: this.heap * mega,
    }
  }

  collect(): void {
    this.collections++
    this.kept += this.garbage
    this.garbage = 0
  }

  watch(watermark: number): MemoryWatch {
    const watch = new MemoryWatch({
      clock: this.clock,
      memory: this,
      watermark,
      passing: () => this.passing * mega,
    })
    watch.start(({ level, room }) => {
      if (level !== (this.levels.at(-1) ?? 'ample')) this.levels.push(level)
      this.room = room
    })
    return watch
  }

  /** Is looked at when memory is low, which collects garbage; then it is not, and the heap has grown. */
  growSinceCollection(): void {
    this.heap = 100
    this.used = 700
    this.look()
    this.used = 50
    this.heap = 205
  }

  look(): MemoryLevel {
    this.clock.advance(memoryLimits.memoryCheckMs)
    return this.levels.at(-1) ?? 'ample'
  }
}

describe('the watch of memory', () => {
  it('finds it low above a share of what there is, and ample again a little below', () => {
    const memory = new MemoryDouble()
    using watch = memory.watch(0.6)
    assert.equal(watch.watermark, 600 * mega)
    memory.used = 550
    assert.equal(memory.look(), 'ample')
    memory.used = 570
    assert.equal(memory.look(), 'low')
    memory.used = 540
    assert.equal(memory.look(), 'low')
    memory.used = 500
    assert.equal(memory.look(), 'ample')
    assert.deepEqual(memory.levels, ['low', 'ample'])
  })

  it('takes a size as well', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(80 * mega)
    assert.equal(memory.look(), 'low')
  })

  it('finds it low at once with a watermark of nothing', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0)
    assert.deepEqual(memory.levels, ['low'])
  })

  it('finds it critical far above the watermark', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.used = 780
    assert.equal(memory.look(), 'critical')
    memory.used = 600
    assert.equal(memory.look(), 'low')
  })

  it('is not deceived by garbage, nor by what was freed and is kept', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.garbage = 600
    assert.equal(memory.look(), 'ample')
    assert.equal(memory.kept, 600)
    assert.equal(memory.look(), 'ample')
  })

  it('collects nothing for memory that was freed and is kept, unless the machine is nearly full', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.kept = 600
    memory.clock.advance(3 * memoryLimits.collectMsMin)
    // A quiet moment's, once.
    assert.equal(memory.collections, 1)
    memory.kept = 750
    memory.clock.advance(3 * memoryLimits.collectMsMin)
    assert.ok(memory.collections > 2)
  })

  it('stops the process seldom for garbage of quiet moments where that takes long', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.collect = () => {
      memory.collections++
      memory.clock.pass(400)
      memory.garbage = 0
    }
    const minutes = 10
    for (let seconds = 0; seconds < minutes * 60; seconds++) {
      memory.garbage = Math.min(200, memory.garbage + 20)
      memory.clock.advance(1000)
    }
    assert.ok(memory.collections > 1 && memory.collections <= minutes * 2, `${memory.collections}`)
  })

  it('lets nobody wait for what is kept on a nearly full machine, but for what is taken anew', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.kept = 750
    assert.equal(memory.look(), 'ample')
    memory.kept = 780
    assert.equal(memory.look(), 'low')
    memory.clock.advance(2 * memoryLimits.collectMsMin)
    assert.equal(memory.look(), 'ample')
  })

  it('finds it low when hardly anything of the machine is left, whatever is in use', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.kept = 820
    assert.equal(memory.look(), 'low')
    memory.clock.advance(3 * memoryLimits.collectMsMin)
    assert.equal(memory.look(), 'low')
    memory.kept = 100
    assert.equal(memory.look(), 'ample')
  })

  it("minds the end of V8's heap", () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.heap = 310
    assert.equal(memory.look(), 'low')
    memory.heap = 410
    assert.equal(memory.look(), 'critical')
    memory.heap = 100
    assert.equal(memory.look(), 'ample')
  })

  it('finds the heap crowded before clients are kept away, and full before publishers wait', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.heap = 199
    memory.look()
    assert.deepEqual([memory.room, memory.collections], ['free', 0])
    memory.heap = 201
    assert.equal(memory.look(), 'ample')
    assert.deepEqual([memory.room, memory.collections], ['crowded', 1])
    memory.heap = 191
    memory.look()
    assert.equal(memory.room, 'crowded')
    memory.heap = 226
    memory.clock.advance(2 * memoryLimits.collectMsMin)
    assert.deepEqual([memory.room, memory.levels], ['full', []])
    memory.heap = 212
    memory.look()
    assert.equal(memory.room, 'crowded')
    memory.heap = 180
    memory.look()
    assert.equal(memory.room, 'free')
  })

  it('counts what was declared since the last collection, and no garbage, as what lives long', () => {
    const memory = new MemoryDouble()
    using watch = memory.watch(0.6)
    memory.growSinceCollection()
    assert.deepEqual(memory.levels, ['low'])
    assert.equal(memory.look(), 'ample')
    // Garbage, as far as it knows.
    assert.deepEqual([memory.room, memory.collections], ['free', 1])
    for (let declared = 0; declared < 7000; declared++) watch.onDeclared()
    assert.deepEqual([memory.room, memory.collections], ['crowded', 1])
  })

  it('counts of a declaration what was sent for it', () => {
    const memory = new MemoryDouble()
    using watch = memory.watch(0.6)
    memory.growSinceCollection()
    for (let declared = 0; declared < 50; declared++) {
      watch.onReceived(mega)
      watch.onDeclared()
    }
    assert.equal(memory.room, 'crowded')
  })

  it('soon collects where it is crowded by what was declared since', () => {
    const memory = new MemoryDouble()
    using watch = memory.watch(0.6)
    memory.growSinceCollection()
    for (let declared = 0; declared < 7000; declared++) watch.onDeclared()
    memory.clock.advance(memoryLimits.criticalCollectMsMin)
    assert.deepEqual([memory.room, memory.collections], ['crowded', 2])
    // The next one is seldom again: nothing was declared since.
    memory.clock.advance(2 * memoryLimits.criticalCollectMsMin)
    assert.equal(memory.collections, 2)
  })

  it('finds no room for more that lives long before that blocks publishers', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    // 60 % of what is left of 600 above the 90 of the start, 40 of which V8 does not know.
    memory.used = 355
    memory.look()
    assert.deepEqual([memory.room, memory.collections], ['free', 0])
    memory.used = 357
    assert.equal(memory.look(), 'ample')
    assert.deepEqual([memory.room, memory.collections], ['crowded', 1])
    memory.used = 335
    memory.look()
    assert.equal(memory.room, 'free')
  })

  it('counts neither garbage nor what passes as what lives long', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.used = 500
    memory.passing = 200
    memory.look()
    assert.equal(memory.room, 'free')
    memory.garbage = 150
    memory.look()
    assert.deepEqual([memory.room, memory.collections], ['free', 1])
    memory.garbage = 20
    memory.heap = 240
    memory.look()
    assert.equal(memory.room, 'free')
  })

  it('minds only the heap where the watermark is below what the start takes', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(40 * mega)
    memory.used = 300
    memory.clock.advance(2 * memoryLimits.collectMsMin)
    assert.equal(memory.room, 'free')
    memory.heap = 201
    memory.clock.advance(2 * memoryLimits.collectMsMin)
    assert.equal(memory.room, 'crowded')
  })

  it('collects garbage seldom, unless memory grows', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.used = 700
    for (let looks = 0; looks < 10; looks++) memory.look()
    assert.equal(memory.collections, 1)
    memory.clock.advance(memoryLimits.collectMsMin)
    assert.equal(memory.collections, 2)
    memory.garbage = 100
    memory.look()
    assert.equal(memory.collections, 3)
  })

  it('collects garbage more often while memory is nearly used up', () => {
    const memory = new MemoryDouble()
    using _ = memory.watch(0.6)
    memory.heap = 410
    assert.equal(memory.look(), 'critical')
    assert.equal(memory.collections, 1)
    memory.clock.advance(memoryLimits.criticalCollectMsMin)
    assert.equal(memory.collections, 2)
  })

  it('looks at once when much has come in', () => {
    const memory = new MemoryDouble()
    using watch = memory.watch(0.6)
    memory.used = 700
    // A share of this small heap.
    watch.onReceived(2 * mega - 1)
    assert.deepEqual(memory.levels, [])
    watch.onReceived(1)
    assert.deepEqual(memory.levels, ['low'])
  })
})
