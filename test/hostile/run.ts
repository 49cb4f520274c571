// npm run hostile: hostile clients against a broker with little memory.
//
//   npm run hostile -- --seeds 20                   20 runs of 25 s from random seeds
//   npm run hostile -- --seed 17 --seconds 120      one seed, two minutes
//   npm run hostile -- --kinds bombs,halfBodies     some of the attacks (test/hostile/*-attacks.ts)
//   npm run hostile -- --heap 64 --watermark 200    MiB of V8's old generation, and of the watermark
import { parseArgs } from 'node:util'
import { systemRandom } from '../../src/lib/random.ts'
import { runHostile } from './hostile-run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(systemRandom.below(1_000_000)) },
    seconds: { type: 'string', default: '25' },
    heap: { type: 'string', default: '128' },
    watermark: { type: 'string', default: '300' },
    kinds: { type: 'string', default: '' },
  },
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

const first = Number(values.seed)
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  say(`seed ${seed}`)
  try {
    const result = await runHostile({
      seed,
      seconds: Number(values.seconds),
      heapMegabytes: Number(values.heap),
      watermarkMegabytes: Number(values.watermark),
      ...(values.kinds !== '' && { kinds: values.kinds.split(',') }),
      report: say,
    })
    say(`${result.peakMegabytes} MB at most, ${result.afterMegabytes} MB afterwards`)
    say(`nothing held or blocked after ${result.recoveryMs.toFixed(0)} ms`)
    for (const { kind, count, slowestMs } of result.rounds) {
      say(`${kind}: ${count} rounds, the slowest took ${slowestMs.toFixed(0)} ms`)
    }
  } catch (error) {
    say((error as Error).message)
    process.exit(1)
  }
}
process.exit(0)
