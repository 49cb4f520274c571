/**
 * `npm run bench:micro`: times small pieces of the broker by themselves and compares them with the
 * figures in baseline.json. Nothing fails because a figure is worse.
 */
import { parseArgs } from 'node:util'
import { amqpCodec } from './amqp-codec.ts'
import { type Baseline, machineName, readBaseline, saveBaseline } from './baseline.ts'
import { crossing } from './crossing.ts'
import { kafkaCodec } from './kafka-codec.ts'
import { log } from './log.ts'
import { measure, type MicroResult } from './measure.ts'
import { routing } from './routing.ts'
import { wal } from './wal.ts'

const all = [...amqpCodec, ...kafkaCodec, ...routing, ...log, ...wal, ...crossing]

const usage = `npm run bench:micro -- [part of a name …] [--save]
  --save   the figures of now become the ones to compare with`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { save: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  })
  if (values.help === true) return console.log(usage)
  const baseline = readBaseline()
  const chosen = all.filter(
    ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  )
  console.log(machineName())
  if (baseline !== undefined && baseline.machine !== machineName()) {
    console.log(`the baseline is another machine's: ${baseline.machine}`)
  }
  console.log(row(['', 'ns/op', '±', 'heap B/op', 'buffer B/op', 'time', 'heap']))
  const results: Record<string, MicroResult> = {}
  for (const benchmark of chosen) {
    const result = await measure(benchmark)
    results[benchmark.name] = result
    console.log(resultRow(benchmark.name, result, baseline))
  }
  if (values.save) saveBaseline(results)
}

function resultRow(name: string, result: MicroResult, baseline: Baseline | undefined): string {
  const former = baseline?.results[name]
  return row([
    name,
    number(result.ns),
    `${((result.nsDeviation / result.ns) * 100).toFixed(0)}%`,
    number(result.heapBytes),
    number(result.bufferBytes),
    former === undefined ? '' : change(result.ns, former.ns),
    former === undefined ? '' : change(result.heapBytes, former.heapBytes),
  ])
}

/** Below this many bytes an operation the difference is of the measurement. */
const BYTES_NOISE = 8

function change(now: number, then: number): string {
  if (Math.max(now, then) < BYTES_NOISE && now !== then) return ''
  const percent = (now / then - 1) * 100
  return `${percent >= 0 ? '+' : ''}${percent.toFixed(0)}%`
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })
}

function row([name = '', ...cells]: readonly string[]): string {
  return [name.padEnd(44), ...cells.map((cell) => cell.padStart(12))].join('').trimEnd()
}

await main()
