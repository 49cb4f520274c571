// Preloaded into the processes of tests (`node --import`): memory that nobody retains is written over
// at once, so that a view that was kept too long shows without waiting for the next user. Values of the
// sizes that tests use are in pages, too.
import { memoryLimits } from '../limits/memory.ts'
import { KiB } from '../limits/units.ts'

/** Neither a length nor an offset that anything holds, and no text. */
const poison = 0xdb

Object.assign(memoryLimits, { pageSizeMin: 1 * KiB })
// Reads the limit.
const { pagePool } = await import('../lib/page-pool.ts')
pagePool.onFree = (memory) => void memory.fill(poison)
