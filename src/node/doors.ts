// How effects come into a node: time, chance, memory, sockets, other machines and a thread. (The disk comes with the storage.) A
// simulation opens a node with doors of its own and decides about all of them from a seed.
import { type StartBatchThread, startBatchThread } from '../crossing/start-batch-thread.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { type CountFiles, countFiles } from '../lib/count-files.ts'
import { type ProcessMemory, systemMemory } from '../lib/process-memory.ts'
import { type Random, systemRandom } from '../lib/random.ts'
import { type HttpGet, httpGet } from '../server/http-get.ts'
import { type Listener, type ListenerOptions, openListener } from '../server/listener.ts'
import {
  type LocalListener,
  type LocalListenerOptions,
  openLocalListener,
} from '../server/local-listener.ts'

export interface Doors {
  readonly clock: Clock
  readonly random: Random
  readonly memory: ProcessMemory
  /** Rejects with an `ExitError`. */
  readonly openListener: (options: ListenerOptions) => Promise<Listener>
  /** Of a data folder on the machine's own disk. Rejects with the system's error. */
  readonly openLocalListener: (options: LocalListenerOptions) => Promise<LocalListener>
  readonly httpGet: HttpGet
  readonly countFiles: CountFiles
  readonly startBatchThread: StartBatchThread
}

/** The machine's own. */
export const systemDoors: Doors = {
  clock: systemClock,
  random: systemRandom,
  memory: systemMemory,
  openListener,
  openLocalListener,
  httpGet,
  countFiles,
  startBatchThread,
}
