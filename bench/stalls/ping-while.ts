import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { PingReport } from './ping-thread.ts'

/** Does `work` while another connection to the AMQP port asks for something all the time. */
export async function pingWhile(port: number, work: () => Promise<void>): Promise<PingReport> {
  const thread = new Worker(new URL('./ping-thread.ts', import.meta.url), { workerData: port })
  await once(thread, 'message')
  await work()
  const answer = once(thread, 'message')
  thread.postMessage('stop')
  const [report] = (await answer) as [PingReport]
  return report
}
