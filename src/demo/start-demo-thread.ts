// The door to the demo's thread.
import { Worker } from 'node:worker_threads'
import { demoLimits } from '../limits/demo.ts'
import type { DemoNews, DemoPlace } from './demo-news.ts'

export interface DemoThread {
  /** Its clients are to say goodbye. */
  end(): void
  /** Nothing is heard of it any more. Resolves when it is gone, and its connections with it. */
  terminate(): Promise<void>
}

/** A thread of this process, which does not keep it alive. */
export function startDemoThread(place: DemoPlace, onNews: (news: DemoNews) => void): DemoThread {
  const worker = new Worker(threadFile(), {
    workerData: place,
    resourceLimits: { maxOldGenerationSizeMb: demoLimits.threadMemoryMax },
  })
  worker.unref()
  worker.on('message', onNews)
  worker.on('error', (error) => {
    onNews({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
  })
  return {
    end: () => worker.postMessage('end'),
    async terminate() {
      worker.removeAllListeners('message')
      await worker.terminate()
    },
  }
}

/** Beside this file, source or built. */
function threadFile(): URL {
  const source = new URL('./demo-thread.ts', import.meta.url)
  if (import.meta.url.endsWith('.ts')) return source
  return new URL(source.href.replace(/\.ts$/, '.js'))
}
