// A store of objects in memory, for tests and simulation: the faults of a real one come from a hook or from a seed.
// Time is the clock's, so in a simulation nothing waits for the machine.
import type { Clock } from '../lib/clock.ts'
import { crc32c } from '../lib/crc32c.ts'
import type { Random } from '../lib/random.ts'
import { wait } from '../lib/wait.ts'
import type {
  ListRange,
  ObjectFacts,
  ObjectPage,
  ObjectSource,
  ObjectStore,
  PutObject,
  RequestLimits,
} from '../log/cluster/objects/object-store.ts'
import { DiskError } from '../log/file/disk-error.ts'

export type ObjectOperation = 'put' | 'get' | 'head' | 'list' | 'delete'

/** What becomes of a request; undefined: it is done. */
export interface ObjectFate {
  /** Before anything is done. */
  readonly delayMs?: number | undefined
  /** - `fail`: it is not done, and an error.
   * - `lose`: it is done, and an error.
   * - `missing`: it is not done; the store says that there is no such object.
   * - `short`: fewer bytes than asked for come back, as if that were right. No store is to do that. */
  readonly end?: 'fail' | 'lose' | 'missing' | 'short' | undefined
}

export type ObjectHook = (operation: ObjectOperation, key: string) => ObjectFate | undefined

export interface MemoryObjectsOptions {
  readonly clock: Clock
  readonly onRequest?: ObjectHook
}

interface StoredObject {
  readonly bytes: Buffer
  readonly modifiedAt: number
}

/** Delays and failures for a share of all requests, from a seed. */
export function seededFates(random: Random, share: number): ObjectHook {
  const ends = ['fail', 'lose', undefined] as const
  // Others have no such answers.
  const endsOfReads = [...ends, 'missing', 'short'] as const
  return (operation) => {
    if (random.next() >= share) return undefined
    const possible = operation === 'get' ? endsOfReads : ends
    return { delayMs: random.below(2000), end: possible[random.below(possible.length)] }
  }
}

export class MemoryObjects implements ObjectStore {
  /** Decides about each request. */
  onRequest: ObjectHook
  /** Requests so far. */
  requestCount = 0
  readonly #clock: Clock
  readonly #objects = new Map<string, StoredObject>()
  #isClosed = false

  constructor({ clock, onRequest = () => undefined }: MemoryObjectsOptions) {
    this.#clock = clock
    this.onRequest = onRequest
  }

  get keys(): string[] {
    return [...this.#objects.keys()].toSorted()
  }

  /** The bytes of an object as they are now. */
  contentOf(key: string): Buffer | undefined {
    return this.#objects.get(key)?.bytes
  }

  /** Replaces or removes the bytes of an object: rot, or somebody's hand. */
  setContent(key: string, bytes: Buffer | undefined): void {
    if (bytes === undefined) this.#objects.delete(key)
    else this.#objects.set(key, { bytes, modifiedAt: this.#clock.now() })
  }

  /** Another store with the same objects, as the next process finds it. This one answers no more. */
  reopen(): MemoryObjects {
    this.close()
    const next = new MemoryObjects({ clock: this.#clock, onRequest: this.onRequest })
    for (const [key, object] of this.#objects) next.#objects.set(key, object)
    return next
  }

  put(key: string, source: ObjectSource, limits?: RequestLimits): Promise<PutObject> {
    return this.#run({ operation: 'put', key, limits }, async () => {
      const bytes = Buffer.from(await source.read(0, source.size))
      if (!this.#isClosed) this.#objects.set(key, { bytes, modifiedAt: this.#clock.now() })
      return { size: bytes.length, crc32c: crc32c(bytes) }
    })
  }

  async getRange(key: string, from: number, size: number, limits?: RequestLimits): Promise<Buffer> {
    if (size === 0) return Buffer.alloc(0)
    return this.#run({ operation: 'get', key, limits }, (isShort) => {
      const object = this.#objects.get(key)
      if (object === undefined) throw new DiskError('missing', `get ${key}: no such object`)
      if (from + size > object.bytes.length) {
        throw new DiskError('io', `get ${key}: ${object.bytes.length} bytes are there`)
      }
      const end = from + (isShort ? size >> 1 : size)
      return Promise.resolve(Buffer.from(object.bytes.subarray(from, end)))
    })
  }

  head(key: string, limits?: RequestLimits): Promise<ObjectFacts | undefined> {
    return this.#run({ operation: 'head', key, limits }, () => {
      const object = this.#objects.get(key)
      return Promise.resolve(object && factsOf(key, object))
    })
  }

  list(prefix: string, range: ListRange = {}): Promise<ObjectPage> {
    const { after = '', countMax = 1000 } = range
    return this.#run({ operation: 'list', key: prefix, limits: range }, () => {
      const found = this.keys.filter((key) => key.startsWith(prefix) && key > after)
      const objects = found.slice(0, countMax).map((key) => factsOf(key, this.#objects.get(key)!))
      const next = found.length > countMax ? objects.at(-1)?.key : undefined
      return Promise.resolve({ objects, storeTime: this.#clock.now(), next })
    })
  }

  delete(keys: readonly string[], limits?: RequestLimits): Promise<void> {
    const deleting = keys.map((key) =>
      this.#run({ operation: 'delete', key, limits }, () => {
        if (!this.#isClosed) this.#objects.delete(key)
        return Promise.resolve()
      }),
    )
    return Promise.all(deleting).then(() => undefined)
  }

  close(): void {
    this.#isClosed = true
  }

  async #run<T>(request: MemoryRequest, work: (isShort: boolean) => Promise<T>): Promise<T> {
    const { operation, key, limits } = request
    const name = `${operation} ${key}`
    this.requestCount++
    const { delayMs, end } = this.onRequest(operation, key) ?? {}
    if (delayMs !== undefined) await wait(this.#clock, delayMs, limits?.signal)
    if (limits?.signal?.aborted === true) throw new DiskError('io', `${name}: given up`)
    if (this.#isClosed) throw new DiskError('io', `${name}: the store is closed`)
    if (end === 'fail') throw new DiskError('io', `${name}: 503 SlowDown`)
    if (end === 'missing') throw new DiskError('missing', `${name}: no such object`)
    const result = await work(end === 'short')
    if (end === 'lose') throw new DiskError('io', `${name}: no answer`)
    return result
  }
}

interface MemoryRequest {
  readonly operation: ObjectOperation
  readonly key: string
  readonly limits: RequestLimits | undefined
}

function factsOf(key: string, { bytes, modifiedAt }: StoredObject): ObjectFacts {
  return { key, size: bytes.length, modifiedAt }
}
