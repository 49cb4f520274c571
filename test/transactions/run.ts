// npm run check:transactions -- --seeds 1000 [--from 1] [--kills 3] [--transactions 8] [--jobs 2] [--cluster]
// Checks that transactions are whole, whatever happens: see check-seed.ts.
import { parseArgs } from 'node:util'
import { TestBroker } from '../support/start-test-broker.ts'
import { type Checked, checkSeed } from './check-seed.ts'
import { type CheckedBroker, CheckedSingle, startMsMax } from './checked-broker.ts'
import { CheckedCluster } from './checked-cluster.ts'

const usage = `npm run check:transactions -- [--seeds N] [--from S] [--kills K] [--transactions T] [--jobs J]
  --seeds N         how many runs (20); each has its own topics
  --from S          the first seed (1)
  --kills K         how often the broker is killed in each run (3)
  --transactions T  of each writer and worker in each run (8)
  --jobs J          so many brokers at once (1); each is replaced after 25 runs
  --cluster         on three nodes, over whose cells the topics are spread
  --verbose         say what each has seen`

/** What earlier runs left in a data folder makes starts longer. */
const runsPerBroker = 25
const counted = ['committed', 'aborted', 'unknown', 'copied', 'done'] as const

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    kills: { type: 'string', default: '3' },
    transactions: { type: 'string', default: '8' },
    jobs: { type: 'string', default: '1' },
    cluster: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const totals = { committed: 0, aborted: 0, unknown: 0, copied: 0, done: 0 }
const [first, seeds, kills, transactions] = [
  values.from,
  values.seeds,
  values.kills,
  values.transactions,
].map(Number) as [number, number, number, number]
let next = first
let failed = 0

if (values.help) process.stdout.write(`${usage}\n`)
else {
  // What a run that broke off has left behind must not end the others.
  process.on('unhandledRejection', () => undefined)
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: Number(values.jobs) }, goOn))
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  const sums = JSON.stringify(totals)
  process.stdout.write(`${seeds} seeds from ${first} in ${seconds} s, ${failed} failed: ${sums}\n`)
  if (failed > 0) process.exitCode = 1
}

/** Takes seed after seed. */
async function goOn(): Promise<void> {
  while (next < first + seeds) {
    await using stack = new AsyncDisposableStack()
    const broker = await start(stack)
    let isBroken = false
    for (let left = runsPerBroker; left > 0 && next < first + seeds && !isBroken; left--) {
      isBroken = !(await runSeed(next++, broker))
    }
  }
}

async function start(stack: AsyncDisposableStack): Promise<CheckedBroker> {
  if (values.cluster) return stack.use(await CheckedCluster.start())
  const broker = await TestBroker.start(['--kafka-port', '0'], [], startMsMax)
  return new CheckedSingle(stack.use(broker))
}

/** False when it was broken off: nobody knows what still goes on. */
async function runSeed(seed: number, broker: CheckedBroker): Promise<boolean> {
  try {
    count(await checkSeed({ seed, broker, kills, transactions }))
    return true
  } catch (error) {
    failed++
    const text = error instanceof Error ? error.stack : String(error)
    process.stderr.write(`seed ${seed} broke off: ${text}\n${broker.output.slice(-2000)}\n`)
    return false
  }
}

function count(checked: Checked): void {
  const { seed, faults } = checked
  for (const name of counted) totals[name] += checked[name]
  if (values.verbose) process.stdout.write(`seed ${seed}: ${JSON.stringify(checked)}\n`)
  if (faults.length === 0) return
  failed++
  process.stderr.write(`seed ${seed}:\n  ${faults.join('\n  ')}\n`)
}
