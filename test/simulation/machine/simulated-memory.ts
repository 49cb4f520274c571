// The memory of a simulated machine: how much of it the broker takes is told, not measured, because the real
// collector has a mind of its own.
import type { MemoryUsage, ProcessMemory } from '../../../src/lib/process-memory.ts'
import { KiB, MiB } from '../../../src/limits/units.ts'

const usualSize = 100 * MiB

export class SimulatedMemory implements ProcessMemory {
  readonly total: number = KiB * MiB
  readonly heapMax: number = KiB * MiB
  /** Share of the machine's memory that is in use beside the usual. */
  pressure = 0

  read(): MemoryUsage {
    const used = usualSize + this.pressure * this.total
    return { resident: used, known: used, heap: usualSize }
  }

  collect(): void {}
}
