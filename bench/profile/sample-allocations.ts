/**
 * Loaded into a broker with `--import`: samples what the main thread allocates, also what the
 * collector has freed since (`--heap-prof` would leave that out), and writes it when the process
 * exits. The folder is the query of this module's own URL.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

const SAMPLING_BYTES = 32 * 1024

function sampleAllocations(folder: string): void {
  const session = new Session()
  session.connect()
  session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  process.once('exit', () => {
    // On the thread's own session the answer comes before `post` returns.
    session.post('HeapProfiler.stopSampling', (error, answer) => {
      const file = join(folder, `Allocations.${process.pid}.heapprofile`)
      if (error === null) writeFileSync(file, JSON.stringify(answer.profile))
    })
  })
}

if (isMainThread) sampleAllocations(new URL(import.meta.url).searchParams.get('folder') ?? '.')
