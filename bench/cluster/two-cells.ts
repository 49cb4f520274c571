/**
 * npm run bench:cluster -- cells: what a process gains from two cells in worker threads, each with a broker, ports and a
 * disk folder of its own, beside one cell in the main thread. Two publishers, one for each cell or both for the one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { runLoad } from '../scenarios/amqp-load.ts'

const workerFile: string = path.join(import.meta.dirname, 'cell-thread.ts')
const HOST = '127.0.0.1'
const publisherCount = 2

export interface CellThreadData {
  readonly data: string
}

interface Rates {
  readonly one: number
  readonly two: number
}

/** Message rates of all publishers together, for publishes of 1 KiB with 1,000 unconfirmed each. */
export async function measureCells(times: number, seconds: number): Promise<void> {
  const rates: Rates[] = []
  for (let time = 0; time < times; time++) {
    const one = await measure(1, seconds)
    const two = await measure(2, seconds)
    rates.push({ one, two })
    const gain = (two / one).toFixed(2)
    console.log(`${time + 1}: one cell ${format(one)}, two cells ${format(two)} msg/s: ${gain}×`)
  }
}

async function measure(cellCount: number, seconds: number): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-bench-cells-'))
  const workers: Worker[] = []
  try {
    const ports: number[] = []
    for (let cell = 0; cell < cellCount; cell++) {
      const data: CellThreadData = { data: path.join(folder, `cell-${cell}`) }
      const worker = new Worker(workerFile, { workerData: data })
      workers.push(worker)
      ports.push(await portOf(worker))
    }
    const reports = await Promise.all(
      Array.from({ length: publisherCount }, (_, index) =>
        runLoad('publish', {
          host: HOST,
          port: ports[index % cellCount] ?? 0,
          queue: `q${index}`,
          seconds,
          warmup: 1,
          size: 1024,
          outstanding: 1000,
        }),
      ),
    )
    return reports.reduce((sum, report) => sum + report.publish_rate, 0)
  } finally {
    for (const worker of workers) await worker.terminate()
    rmSync(folder, { recursive: true, force: true })
  }
}

function portOf(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', (port: number) => resolve(port))
    worker.once('error', reject)
  })
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en-US')
}
