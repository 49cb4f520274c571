// One short life in CI; `SEED=1 SEEDS=100` has more of them.
import { test } from 'node:test'
import '../support/load-late-parts.ts'
import { liveShares } from './simulate-shares.ts'

const first = Number(process.env['SEED'] ?? 1)
const count = Number(process.env['SEEDS'] ?? 1)
for (let seed = first; seed < first + count; seed++) {
  test(`records of a share group over two cells end once (seed ${seed})`, () =>
    liveShares(seed, 300))
}
