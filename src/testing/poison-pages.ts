// Preloaded into the processes of tests (`node --import`): memory that nobody retains is written over
// at once, so that a view that was kept too long shows without waiting for the next user.
import { pagePool } from '../lib/page-pool.ts'

/** Neither a length nor an offset that anything holds, and no text. */
const poison = 0xdb

pagePool.onFree = (memory) => void memory.fill(poison)
