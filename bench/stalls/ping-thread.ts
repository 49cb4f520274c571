// One client with little to say, in a thread of its own: it asks the broker something every
// millisecond and notes how long the answer takes, until it is told to stop.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { quantile } from '../report/summary.ts'
import { SoakSocket } from '../soak/soak-socket.ts'

const PAUSE_MS = 1
const QUEUE = 'ping'

export type PingReport = {
  readonly count: number
  readonly p50_us: number
  readonly p99_us: number
  readonly max_us: number
}

const over = new AbortController()
parentPort?.once('message', () => over.abort())

async function ping(port: number): Promise<PingReport> {
  const socket = await SoakSocket.open(port)
  await socket.call(1, 'queue.declare', { queue: QUEUE, exclusive: true })
  parentPort?.postMessage('ready')
  const times: number[] = []
  while (!over.signal.aborted) {
    const startedAt = performance.now()
    await socket.readyCount(1, QUEUE)
    times.push((performance.now() - startedAt) * 1000)
    await sleep(PAUSE_MS)
  }
  await socket.close()
  const sorted = times.toSorted((a, b) => a - b)
  return {
    count: sorted.length,
    p50_us: quantile(sorted, 0.5),
    p99_us: quantile(sorted, 0.99),
    max_us: sorted.at(-1) ?? 0,
  }
}

parentPort?.postMessage(await ping(workerData as number))
