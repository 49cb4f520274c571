import { Turn } from '../../src/lib/turn.ts'
import { AckedOffsets } from '../../src/log/acked-offsets.ts'
import type { Log } from '../../src/log/log.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { RecordSource } from '../../src/record/message/record-source.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { createLogWithCursor, cursorOf } from '../../test/support/log-engines.ts'
import type { MicroBenchmark } from './micro-benchmark.ts'

const COMMIT = 100
const WINDOW = 1000

export const log: readonly MicroBenchmark[] = [
  {
    name: 'AckedOffsets.ack, in order',
    operationsPerCall: WINDOW,
    prepare() {
      const cursor = new AckedOffsets()
      let offset = 0
      return () => {
        for (let i = 0; i < WINDOW; i++) cursor.ack(offset++)
        return cursor.floor
      }
    },
  },
  {
    name: `AckedOffsets.ack, at random within ${WINDOW}`,
    operationsPerCall: WINDOW,
    prepare() {
      const cursor = new AckedOffsets()
      // Prime to the window, so that every offset of it comes once.
      const order = Array.from({ length: WINDOW }, (_, i) => (i * 617) % WINDOW)
      let base = 0
      return () => {
        for (const place of order) cursor.ack(base + place)
        base += WINDOW
        return cursor.floor
      }
    },
  },
  appended(16),
  appended(1024),
  {
    name: 'Log.read, 1 KiB, in order',
    operationsPerCall: WINDOW,
    prepare() {
      const { store, queue, clock } = memoryStore()
      const source = sourceOf(1024)
      for (let i = 0; i < WINDOW; i++) {
        store.beginAtom()
        queue.append(source, -1)
        store.endAtom()
      }
      clock.endTurn()
      const view = new RecordView()
      return () => {
        let size = 0
        for (let offset = 0; offset < WINDOW; offset++) {
          queue.read(offset, view)
          size += view.bodyEnd - view.bodyStart
        }
        return size
      }
    },
  },
]

/** With the ack that gives the memory back, and the engine's part of a commit of so many. */
function appended(size: number): MicroBenchmark {
  return {
    name: `Log.append and ack, ${size} B, ${COMMIT} a commit`,
    operationsPerCall: COMMIT,
    prepare() {
      const { store, queue, clock } = memoryStore()
      const source = sourceOf(size)
      return () => {
        for (let i = 0; i < COMMIT; i++) {
          store.beginAtom()
          queue.append(source, -1)
          store.endAtom()
        }
        clock.endTurn()
        const end = queue.endOffset
        for (let offset = end - COMMIT; offset < end; offset++) cursorOf(queue).ack(offset)
        return end
      }
    },
  }
}

/** A store with one log. */
function memoryStore(): { store: MemoryLogStore; queue: Log; clock: VirtualClock } {
  const clock = new VirtualClock()
  const store = new MemoryLogStore({ clock, turn: new Turn(clock) })
  store.beginAtom()
  const queue = createLogWithCursor(store)
  store.endAtom()
  return { store, queue, clock }
}

/** A persistent message as a channel hands it on. */
export function sourceOf(size: number): RecordSource {
  const source = new RecordSource()
  source.address = encodeAddress('', 'orders')
  source.addressEnd = source.address.length
  source.header = encodeContentHeader(size, { deliveryMode: 2 })
  source.headerEnd = source.header.length
  source.body = Buffer.alloc(size, 1)
  source.bodyEnd = size
  return source
}
