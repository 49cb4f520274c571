import { quantile } from '../report/summary.ts'
import type { MicroBenchmark, Operation } from './micro-benchmark.ts'

/** For one operation. */
export type MicroResult = {
  /** Median time, ns. */
  readonly ns: number
  /** Median absolute deviation from it, ns. */
  readonly nsDeviation: number
  /** Bytes of objects on the heap. */
  readonly heapBytes: number
  /** Bytes of new array buffers. Buffers out of Node's pool count as shares of it. */
  readonly bufferBytes: number
}

const WARMUP_MS = 300
const SAMPLE_MS = 10
const SAMPLES = 25
/** So short that the collector, which would falsify the difference, seldom runs meanwhile. */
const ALLOCATION_SAMPLE_MS = 1
const ALLOCATION_SAMPLES = 9

/** Keeps results alive for the compiler. */
let sink = 0

/** Runs the benchmark for about half a second. Needs `--expose-gc`. */
export async function measure(benchmark: MicroBenchmark): Promise<MicroResult> {
  const operation = await benchmark.prepare()
  const perCall = benchmark.operationsPerCall ?? 1
  const msPerCall = warmUp(operation)
  const calls = Math.max(1, Math.round(SAMPLE_MS / msPerCall))
  const times = Array.from({ length: SAMPLES }, () => timeCalls(operation, calls))
  const ns = times.map((ms) => (ms * 1e6) / calls / perCall)
  const median = medianOf(ns)
  const allocations = sampleAllocations(operation, msPerCall)
  return {
    ns: median,
    nsDeviation: medianOf(ns.map((value) => Math.abs(value - median))),
    heapBytes: medianOf(allocations.map(({ heap }) => heap)) / perCall,
    bufferBytes: medianOf(allocations.map(({ buffers }) => buffers)) / perCall,
  }
}

/** Returns the ms of one call once the compiler has done what it does. */
function warmUp(operation: Operation): number {
  let calls = 1
  let spent = 0
  for (;;) {
    const ms = timeCalls(operation, calls)
    spent += ms
    if (spent >= WARMUP_MS && ms >= SAMPLE_MS / 2) return ms / calls
    if (ms < SAMPLE_MS * 2) calls *= 2
  }
}

/** In ms. */
function timeCalls(operation: Operation, calls: number): number {
  const start = performance.now()
  for (let i = 0; i < calls; i++) sink += operation()
  return performance.now() - start
}

function sampleAllocations(
  operation: Operation,
  msPerCall: number,
): { heap: number; buffers: number }[] {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('start it with node --expose-gc')
  const calls = Math.max(1, Math.round(ALLOCATION_SAMPLE_MS / msPerCall))
  return Array.from({ length: ALLOCATION_SAMPLES }, () => {
    gc()
    const before = process.memoryUsage()
    for (let i = 0; i < calls; i++) sink += operation()
    const after = process.memoryUsage()
    return {
      heap: Math.max(0, after.heapUsed - before.heapUsed) / calls,
      buffers: Math.max(0, after.arrayBuffers - before.arrayBuffers) / calls,
    }
  })
}

function medianOf(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}
