import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap grow to four times what lives in it before all of it is collected. A broker's heap is
 * small and its buffers, which V8 counts along, are many: with the usual factor collections would
 * take a fifth of the time (docs/decisions/0014). Call it before anything else takes memory.
 */
export function tuneCollector(): void {
  setFlagsFromString('--heap-growing-percent=300')
}
