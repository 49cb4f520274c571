// npm run bench:cluster -- files|waiting|charges|cells [times] [files]: figures about clusters for docs/performance.md.
import { measureCharges } from './charges.ts'
import { measureTakeover } from './takeover.ts'
import { measureCells } from './two-cells.ts'

const [what, times, files] = process.argv.slice(2)
if (what === 'charges') await measureCharges(times === undefined ? undefined : Number(times))
else if (what === 'files' || what === 'waiting') {
  await measureTakeover(what, Number(times ?? 5), files === undefined ? undefined : Number(files))
} else if (what === 'cells') await measureCells(Number(times ?? 3), 4)
else {
  console.error('name what to measure: files (10,000 of them), waiting (1 GiB), charges or cells')
  process.exitCode = 64
}
