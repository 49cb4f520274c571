// The one door for how much memory there is and how much of it this process takes: simulation and tests
// replace the whole object.
import { totalmem } from 'node:os'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { memoryLimits } from '../limits/memory.ts'

/** Bytes that the process takes. */
export interface MemoryUsage {
  /** As the system counts it, with what the process has freed and kept. */
  readonly resident: number
  /**
   * As V8 counts it: what is in its heap, and the buffers outside of it. Garbage that was not collected
   * counts, what V8 has freed and kept does not.
   */
  readonly known: number
  /** What V8 has in its heap. */
  readonly heap: number
}

export interface ProcessMemory {
  /** Bytes that the machine, or the control group of the process, has. */
  readonly total: number
  /** Bytes of objects that live long past which V8 ends the process. */
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
  heapMax: oldGenerationMax(getHeapStatistics().heap_size_limit),
  read() {
    const { rss, heapUsed, external } = process.memoryUsage()
    // Not the whole heap: up to 190 MB of it is a young generation that was large once and is empty.
    return { resident: rss, known: heapUsed + external, heap: heapUsed }
  },
  collect() {
    collector ??= exposeCollector()
    collector()
  },
}

/**
 * V8 ends the process when the old generation is full. Its limit of the heap counts the young one along,
 * three semi-spaces of up to 64 MiB, and does not tell how large they may be: where they were made
 * smaller, what comes out is too low.
 */
export function oldGenerationMax(heapSizeLimit: number): number {
  const { youngGenerationSizeMax, oldGenerationShareMin } = memoryLimits
  return Math.max(heapSizeLimit - youngGenerationSizeMax, heapSizeLimit * oldGenerationShareMin)
}

function exposeCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
