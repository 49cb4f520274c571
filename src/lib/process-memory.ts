// The one door for how much memory there is and how much of it this process takes: simulation and tests
// replace the whole object.
import { totalmem } from 'node:os'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that the process takes. */
export interface MemoryUsage {
  /** As the system counts it, with what the process has freed and kept. */
  readonly resident: number
  /** As V8 counts it: its heap, and the buffers outside of it. Garbage that was not collected counts. */
  readonly known: number
  /** What V8 has in its heap. */
  readonly heap: number
}

export interface ProcessMemory {
  /** Bytes that the machine, or the control group of the process, has. */
  readonly total: number
  /** Bytes past which V8 ends the process. */
  readonly heapMax: number
  read(): MemoryUsage
  /** Collects all garbage: some milliseconds, and half a second for a heap of 300 MB. */
  collect(): void
}

let collector: (() => void) | undefined

/** This process on this machine. */
export const systemMemory: ProcessMemory = {
  // Without a limit the control group names one that no machine has.
  total: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
  heapMax: getHeapStatistics().heap_size_limit,
  read() {
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
    return { resident: rss, known: heapTotal + external, heap: heapUsed }
  },
  collect() {
    collector ??= exposeCollector()
    collector()
  },
}

function exposeCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
