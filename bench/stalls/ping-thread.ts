// One client with little to say, in a thread of its own: it asks the broker something every
// millisecond and notes how long the answer takes, until it is told to stop. The same is asked of a
// process that only sends back what it gets: the machine's share of the waiting.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { quantile } from '../report/summary.ts'
import { SoakSocket } from '../soak/soak-socket.ts'

const PAUSE_MS = 1
const QUEUE = 'ping'
/** Waits that are told one by one. */
const LONGEST_COUNT = 10

export type PingReport = Waits & {
  /** When it began and ended, on the monotonic clock. */
  readonly from_us: number
  readonly to_us: number
  /** Of the process that has nothing to do with the broker. */
  readonly echo: Waits
}

export type Waits = {
  readonly count: number
  readonly p50_us: number
  readonly p99_us: number
  readonly max_us: number
  /** The longest ones; `at_us` is on the monotonic clock, as in profiles. */
  readonly longest: readonly Wait[]
}

type Wait = { readonly at_us: number; readonly us: number }

type Ask = () => Promise<unknown>

const over = new AbortController()
parentPort?.once('message', () => over.abort())

async function pingBoth({ port, echoPort }: { port: number; echoPort: number }): Promise<void> {
  const broker = await SoakSocket.open(port)
  await broker.call(1, 'queue.declare', { queue: QUEUE, exclusive: true })
  const echo = connect({ host: '127.0.0.1', port: echoPort, noDelay: true })
  await once(echo, 'connect')
  const from = nowUs()
  parentPort?.postMessage('ready')
  const [answered, echoed] = await Promise.all([
    ping(() => broker.readyCount(1, QUEUE)),
    ping(() => {
      echo.write('?')
      return once(echo, 'data')
    }),
  ])
  await broker.close()
  echo.destroy()
  const report: PingReport = { from_us: from, to_us: nowUs(), ...answered, echo: echoed }
  parentPort?.postMessage(report)
}

async function ping(ask: Ask): Promise<Waits> {
  const waits: Wait[] = []
  while (!over.signal.aborted) {
    const at = nowUs()
    await ask()
    waits.push({ at_us: at, us: nowUs() - at })
    await sleep(PAUSE_MS)
  }
  const sorted = waits.toSorted((a, b) => a.us - b.us)
  const times = sorted.map(({ us }) => us)
  return {
    count: times.length,
    p50_us: quantile(times, 0.5),
    p99_us: quantile(times, 0.99),
    max_us: times.at(-1) ?? 0,
    longest: sorted.slice(-LONGEST_COUNT).toReversed(),
  }
}

/** The monotonic clock, in whole µs. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

await pingBoth(workerData as { port: number; echoPort: number })
