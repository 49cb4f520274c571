/**
 * Reads a `.cpuprofile` or `.heapprofile` and says which functions took the time or the memory.
 * `node bench/profile/top-functions.ts FILE… [--top 25]` prints it for files that are there already.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

/** A stretch of time on the monotonic clock, in µs, as profiles and the load program count it. */
export type TimeWindow = { readonly start_us: number; readonly end_us: number }

/** One function of the code: what it did itself, and with all it called. */
type FunctionShare = {
  readonly name: string
  readonly place: string
  self: number
  total: number
}

type CallFrame = {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}
type CpuNode = {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly number[]
}
type CpuProfile = {
  readonly nodes: readonly CpuNode[]
  /** µs of the monotonic clock. */
  readonly startTime: number
  readonly samples: readonly number[]
  /** µs from each sample to the one before it. */
  readonly timeDeltas: readonly number[]
}
type HeapNode = {
  readonly callFrame: CallFrame
  readonly selfSize: number
  readonly children: readonly HeapNode[]
}

const TOP_DEFAULT = 25
const everything: TimeWindow = { start_us: -Infinity, end_us: Infinity }
const idle = '(idle)'

/** The functions of a CPU profile by their own time inside `window`, as lines of text. */
export function topByTime(
  file: string,
  window: TimeWindow = everything,
  top: number = TOP_DEFAULT,
): string {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const stacks = stacksByNode(profile)
  const shares = new Map<string, FunctionShare>()
  let sampled = 0
  let at = profile.startTime
  profile.samples.forEach((node, i) => {
    at += profile.timeDeltas[i] ?? 0
    // A sample stands for the time until the next one.
    const lasted = Math.max(profile.timeDeltas[i + 1] ?? 0, 0)
    if (at < window.start_us || at >= window.end_us) return
    sampled += lasted
    addStack(shares, stacks.get(node) ?? [], lasted)
  })
  const idleTime = [...shares.values()].find(({ name }) => name === idle)?.self ?? 0
  const busy = sampled - idleTime
  const head = `${basename(file)}: ${(sampled / 1e6).toFixed(2)} s, busy ${percent(busy, sampled)} of it; shares are of the busy time`
  const listed = [...shares.values()].filter(({ name }) => name !== idle)
  return [head, ...rows(listed, { whole: busy, unit: 'ms', perUnit: 1000, top })].join('\n')
}

/** The functions of an allocation profile by what they allocated themselves, as lines of text. */
export function topByAllocation(file: string, top: number = TOP_DEFAULT): string {
  const { head } = JSON.parse(readFileSync(file, 'utf8')) as { head: HeapNode }
  const shares = new Map<string, FunctionShare>()
  const visit = (node: HeapNode, callers: readonly CallFrame[]): void => {
    const stack = [...callers, node.callFrame]
    if (node.selfSize > 0) addStack(shares, stack, node.selfSize)
    for (const child of node.children) visit(child, stack)
  }
  visit(head, [])
  const whole = [...shares.values()].reduce((sum, { self }) => sum + self, 0)
  const title = `${basename(file)}: ${(whole / 1e6).toFixed(1)} MB allocated on the heap since the start`
  const listed = [...shares.values()]
  return [title, ...rows(listed, { whole, unit: 'MB', perUnit: 1e6, top })].join('\n')
}

/** Outermost first, for every node of the profile. */
function stacksByNode({ nodes }: CpuProfile): Map<number, readonly CallFrame[]> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const stacks = new Map<number, readonly CallFrame[]>()
  const visit = (node: CpuNode, callers: readonly CallFrame[]): void => {
    const stack = [...callers, node.callFrame]
    stacks.set(node.id, stack)
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) visit(child, stack)
    }
  }
  if (nodes[0] !== undefined) visit(nodes[0], [])
  return stacks
}

/** Counts `amount` once for each function in the stack, however often it is there. */
function addStack(
  shares: Map<string, FunctionShare>,
  stack: readonly CallFrame[],
  amount: number,
): void {
  const counted = new Set<FunctionShare>()
  stack.forEach((frame, i) => {
    // A function that is not JavaScript (a system call of Node's, an addon) tells little without
    // the one that called it.
    const caller =
      frame.url === '' && !frame.functionName.startsWith('(') ? stack[i - 1] : undefined
    const key = `${functionKey(frame)} < ${caller === undefined ? '' : functionKey(caller)}`
    let share = shares.get(key)
    if (share === undefined) {
      share = { name: nameOf(frame), place: placeOf(caller ?? frame), self: 0, total: 0 }
      if (caller !== undefined) share = { ...share, name: `${share.name} < ${nameOf(caller)}` }
      shares.set(key, share)
    }
    if (i === stack.length - 1) share.self += amount
    if (counted.has(share)) return
    counted.add(share)
    share.total += amount
  })
}

function functionKey({ functionName, url, lineNumber }: CallFrame): string {
  return `${functionName} ${url}:${lineNumber}`
}

function nameOf({ functionName }: CallFrame): string {
  return functionName || '(anonymous)'
}

function placeOf({ url, lineNumber }: CallFrame): string {
  if (url === '') return ''
  const path = url.replace(/^.*\/(?=(?:src|node_modules)\/)/, '')
  return `${path}:${lineNumber + 1}`
}

type Scale = {
  readonly whole: number
  readonly unit: string
  readonly perUnit: number
  readonly top: number
}

function rows(shares: readonly FunctionShare[], { whole, unit, perUnit, top }: Scale): string[] {
  const title = `${'self'.padStart(7)}${unit.padStart(9)}${'total'.padStart(8)}  function`
  const listed = shares
    .filter(({ self }) => self > 0)
    .toSorted((a, b) => b.self - a.self)
    .slice(0, top)
    .map(({ name, place: at, self, total }) => {
      const amount = (self / perUnit).toFixed(1).padStart(9)
      return `${percent(self, whole).padStart(7)}${amount}${percent(total, whole).padStart(8)}  ${name}  ${at}`
    })
  return [title, ...listed]
}

function percent(part: number, whole: number): string {
  return `${((part / (whole || 1)) * 100).toFixed(1)}%`
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { top: { type: 'string', default: String(TOP_DEFAULT) } },
  })
  const top = Number(values.top)
  for (const file of positionals) {
    const text = file.endsWith('.heapprofile')
      ? topByAllocation(file, top)
      : topByTime(file, everything, top)
    console.log(`${text}\n`)
  }
}

if (import.meta.main) main()
