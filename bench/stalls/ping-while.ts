import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { PingReport } from './ping-thread.ts'

/**
 * Does `work` while another connection to the AMQP port asks for something all the time, and one more
 * asks a process that has nothing to do with the broker.
 */
export async function pingWhile(port: number, work: () => Promise<void>): Promise<PingReport> {
  // Without a profiler: what it does is no part of what is measured.
  const { NODE_OPTIONS: _options, ...env } = process.env
  const echo = fork(new URL('./echo-process.ts', import.meta.url), { env })
  try {
    const [echoPort] = (await once(echo, 'message')) as [number]
    const workerData = { port, echoPort }
    const thread = new Worker(new URL('./ping-thread.ts', import.meta.url), { workerData })
    await once(thread, 'message')
    await work()
    const answer = once(thread, 'message')
    thread.postMessage('stop')
    const [report] = (await answer) as [PingReport]
    return report
  } finally {
    if (echo.connected) echo.disconnect()
  }
}
