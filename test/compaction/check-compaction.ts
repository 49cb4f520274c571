// Updates keys of a compacted topic flat out, then goes on slowly until little more is left than the keys, and says
// what that took.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type UpdateOptions, UpdateStream } from './update-stream.ts'
import { UpdateTopic } from './update-topic.ts'

export interface CompactionAsked extends UpdateOptions {
  /** Where the broker is. */
  readonly kafkaPort: number
  readonly pid: number
  readonly dataFolder: string
  readonly updateCount: number
  readonly configs: Readonly<Record<string, string>>
  /** So much more than keys may be left in the end, as a share: what has just come is not compacted yet. */
  readonly slack: number
  /** How long after the last of them it may take, in ms. */
  readonly waitMsMax: number
  /** Of the slow updates that go on meanwhile, in ms between batches of ten. */
  readonly trickleMs: number
  readonly onStep?: (text: string) => void
}

export interface CompactionReport {
  readonly updateCount: number
  /** Flat out. */
  readonly produceSeconds: number
  /** Until little more was left than the keys. */
  readonly settleSeconds: number
  readonly leftAtEndOfProduce: number
  readonly left: number
  /** Of the data folder, in bytes. */
  readonly folderSizeMax: number
  readonly folderSize: number
  /** Of the broker's process while it was written to flat out, and until the end, in cores. */
  readonly cores: { readonly produce: number; readonly settle: number }
  /** Of its busiest thread besides the main one, which is that for batches where it has much to do. */
  readonly threadCores: { readonly produce: number; readonly settle: number }
  readonly mainCores: { readonly produce: number; readonly settle: number }
  /** What is wrong with what is left; undefined: nothing. */
  readonly fault: string | undefined
}

const lookMs = 500

export async function checkCompaction(asked: CompactionAsked): Promise<CompactionReport> {
  const { kafkaPort, updateCount, configs, keyCount, slack, pid, onStep = () => undefined } = asked
  const updates = new UpdateStream(asked)
  await using topic = await UpdateTopic.create(kafkaPort, 'updates', configs)
  const folder = new FolderWatch(asked.dataFolder)
  const began = usageOf(pid)
  await topic.produce(updates, updateCount)
  const produced = usageOf(pid)
  const leftAtEndOfProduce = await topic.count()
  onStep(`${updateCount} updates in ${seconds(began, produced)} s, ${leftAtEndOfProduce} left`)
  const limit = keyCount * (1 + slack)
  const deadline = performance.now() + asked.waitMsMax
  let left = leftAtEndOfProduce
  while (left > limit && performance.now() < deadline) {
    await trickle(topic, updates, asked.trickleMs)
    left = await topic.count()
    onStep(`${left} left`)
  }
  const settled = usageOf(pid)
  const fault =
    left > limit ? `${left} are left, and not ${limit}` : updates.check(await topic.readAll())
  folder.close()
  return {
    updateCount,
    produceSeconds: seconds(began, produced),
    settleSeconds: seconds(produced, settled),
    leftAtEndOfProduce,
    left,
    folderSizeMax: folder.sizeMax,
    folderSize: folder.look(),
    ...coresOf(began, produced, settled),
    fault,
  }
}

/** Some slow updates. */
async function trickle(topic: UpdateTopic, updates: UpdateStream, ms: number): Promise<void> {
  const until = performance.now() + lookMs
  while (performance.now() < until) {
    await topic.produceFew(updates)
    await new Promise((resolve) => setTimeout(resolve, ms))
  }
}

interface Usage {
  readonly atMs: number
  /** By id of the thread; the main one's is that of the process. */
  readonly threads: ReadonlyMap<number, number>
  readonly pid: number
}

/** The kernel's USER_HZ, which is 100 wherever Node runs. */
const ticksPerSecond = 100

function usageOf(pid: number): Usage {
  const threads = new Map<number, number>()
  for (const name of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${name}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    threads.set(Number(name), (Number(fields[11]) + Number(fields[12])) / ticksPerSecond)
  }
  return { atMs: performance.now(), threads, pid }
}

function seconds(from: Usage, to: Usage): number {
  return (to.atMs - from.atMs) / 1000
}

type Cores = Pick<CompactionReport, 'cores' | 'threadCores' | 'mainCores'>

function coresOf(began: Usage, produced: Usage, settled: Usage): Cores {
  const produce = coresBetween(began, produced)
  const settle = coresBetween(produced, settled)
  const both = (name: keyof typeof produce): { produce: number; settle: number } => ({
    produce: produce[name],
    settle: settle[name],
  })
  return { cores: both('all'), threadCores: both('busiest'), mainCores: both('main') }
}

function coresBetween(
  from: Usage,
  to: Usage,
): { readonly all: number; readonly busiest: number; readonly main: number } {
  const wall = Math.max(0.001, seconds(from, to))
  const used = Array.from(to.threads, ([id, cpu]) => ({
    id,
    cores: (cpu - (from.threads.get(id) ?? 0)) / wall,
  }))
  const others = used.filter(({ id }) => id !== to.pid).map(({ cores }) => cores)
  return {
    all: used.reduce((sum, { cores }) => sum + cores, 0),
    busiest: Math.max(0, ...others),
    main: used.find(({ id }) => id === to.pid)?.cores ?? 0,
  }
}

/** Looks at how large a folder is, again and again. */
class FolderWatch {
  sizeMax = 0
  readonly #folder: string
  readonly #timer: NodeJS.Timeout

  constructor(folder: string) {
    this.#folder = folder
    this.#timer = setInterval(() => this.look(), lookMs)
  }

  look(): number {
    const size = sizeOf(this.#folder)
    this.sizeMax = Math.max(this.sizeMax, size)
    return size
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

/** What its files take on disk; those that vanish meanwhile take nothing. */
function sizeOf(folder: string): number {
  let size = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    size += blocksOf(join(entry.parentPath, entry.name)) * 512
  }
  return size
}

function blocksOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.blocks ?? 0
}
