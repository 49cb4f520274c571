// npm run check:compaction -- [--updates 10000000] [--keys 10000]
// A topic is updated flat out while it is compacted: see check-compaction.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pabalSystem } from '../../bench/systems/pabal-system.ts'
import { kafkaPortOf } from '../../bench/systems/ports.ts'
import { checkCompaction } from './check-compaction.ts'

const usage = `npm run check:compaction -- [--updates N] [--keys N] [--seed N] [--segment-bytes N]
  --updates N        how many, flat out (10,000,000)
  --keys N           of how many keys, at random (10,000)
  --batch N          records in a batch (500)
  --value N          bytes of a value (100)
  --segment-bytes N  of the topic (16777216)
  --folder FOLDER    where the broker's data is (the system's temporary folder)`

const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: '10000000' },
    keys: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    batch: { type: 'string', default: '500' },
    value: { type: 'string', default: '100' },
    'segment-bytes': { type: 'string', default: '16777216' },
    folder: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(`${usage}\n`)
else await run()

async function run(): Promise<void> {
  const folder = mkdtempSync(join(values.folder, 'pabal-compaction-'))
  const variant = { durability: 'fsync', syncDelayMs: 0, profile: 'latency', isTls: false } as const
  const broker = await pabalSystem(variant).start(folder)
  try {
    const report = await checkCompaction({
      kafkaPort: kafkaPortOf(broker),
      pid: broker.pid,
      dataFolder: join(folder, 'data'),
      seed: Number(values.seed),
      updateCount: Number(values.updates),
      keyCount: Number(values.keys),
      batchSize: Number(values.batch),
      valueSize: Number(values.value),
      configs: {
        'cleanup.policy': 'compact',
        'segment.bytes': values['segment-bytes'],
        'segment.ms': '1000',
        'min.cleanable.dirty.ratio': '0.1',
      },
      slack: 0.1,
      waitMsMax: 120_000,
      trickleMs: 100,
      onStep: (text) => process.stderr.write(`${text}\n`),
    })
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
    if (report.fault !== undefined) process.exitCode = 1
  } finally {
    await broker.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
}
