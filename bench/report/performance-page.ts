import type { ClusterTable } from '../cluster/cluster-table.ts'
import type { Area } from '../scenarios/scenario.ts'
import { clusterSection } from './cluster-section.ts'
import { type FigureName, figures } from './figure.ts'
import { cell, CLIENT_BOUND_PERCENT } from './format-table.ts'
import type { ResultFile, ScenarioResult } from './result-file.ts'
import type { Spread, Summary } from './summary.ts'
import { type Target, targets } from './targets.ts'

/** A scenario's newest result, with the file that it comes from. */
type Result = ScenarioResult & { readonly file: ResultFile }

type Row = readonly string[]

const OWN = 'pabal'
/** The rest is the kernel's own work, which is nobody's. */
const FULL_MACHINE_SHARE = 0.85
const RIVALS: readonly string[] = ['rabbitmq', 'rabbitmq-plugins', 'mosquitto', 'kafka']
const names = Object.keys(figures) as FigureName[]

const areaTitles: Readonly<Record<Area, string>> = {
  amqp: 'AMQP',
  kafka: 'Kafka',
  mqtt: 'MQTT',
  stomp: 'STOMP',
  crossing: 'Crossing from one protocol to the other',
  stalls: 'What others wait while one client moves something large',
  'start-up': 'Start-up and memory',
}

/** docs/performance.md, from all result files. Of a scenario measured twice the newest counts. */
export function performancePage(
  files: readonly ResultFile[],
  clusters: readonly ClusterTable[] = [],
): string {
  const results = newestResults(files)
  const parts = [
    '# Performance',
    '<!-- Written by npm run generate from bench/results; edit bench/report/performance-page.ts. -->',
    introduction,
    '## Conditions',
    conditions(results),
    '## Targets',
    targetTable(results),
    '## Where Pabal loses',
    losses(results),
    ...areas(results),
    ...clusterSection(clusters),
  ]
  return `${parts.join('\n\n')}\n`
}

const introduction = `Pabal beside RabbitMQ and Kafka, each alone on the same machine, driven by the same client programs on that machine. Systems take turns within a scenario; figures are the median of the runs, and ±x% is half the range they lie in. Ranges that overlap are equal. [bench/README.md](../bench/README.md) says what each figure means and what none of them can tell.

RabbitMQ is Debian's package with its defaults (classic queues, which confirm a persistent message once it is on disk). Kafka is one node with its defaults: it acknowledges what the operating system has, and does not wait for the disk. Pabal confirms what is on disk (\`--durability fsync\`, its default); \`pabal-os\` is \`--durability os\`, the like of Kafka's default. \`pabal+5ms\` is Pabal with 5 ms added to every fdatasync, as a slower disk would; \`pabal-throughput\` is \`--profile throughput\` ([profiles.md](profiles.md)). \`pabal-cluster-3\` are three nodes with PostgreSQL and a store of objects on the same machine, driven at the owner; with \`-passed-on\`, at another node. \`kafka-3\` are three brokers of Kafka with three replicas, of which two confirm.`

function newestResults(files: readonly ResultFile[]): Result[] {
  const newest = new Map<string, Result>()
  for (const file of files.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))) {
    for (const scenario of file.scenarios) {
      // Pabal beside itself, with TLS say, tells something else than Pabal beside others.
      const company = hasRival(scenario) ? 'others' : 'alone'
      newest.set(`${scenario.scenario} ${company}`, { ...scenario, file })
    }
  }
  return [...newest.values()]
}

function hasRival({ summaries }: ScenarioResult): boolean {
  return RIVALS.some((rival) => rival in summaries)
}

function table(rows: readonly Row[]): string {
  const [head = [], ...body] = rows
  const line = (row: Row): string => `| ${row.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...body.map(line)].join('\n')
}

/** Every way in which what was measured differs: machines, versions, dates, settings. */
function conditions(results: readonly Result[]): string {
  const files = [...new Set(results.map(({ file }) => file))]
  const machines = files.map(({ machine }) => describeMachine(machine))
  const systems = files.flatMap((file) => file.systems)
  const settings = systems.map(
    ({ name, version, settings: given }) =>
      `\`${name}\`: ${[version, ...Object.entries(given).map((pair) => pair.join('='))].join(', ')}`,
  )
  const clients = results.flatMap((result) => result.clients)
  const measured = files.map(
    ({ startedAt, machine, settings: { runs, seconds, warmup, maxStolen } }) =>
      `${startedAt.slice(0, 10)}, commit ${machine.commit}: ${runs} runs, ${seconds} s each after ${warmup} s of warm-up${maxStolen === undefined ? '' : `, repeated while more than ${maxStolen} % of the CPU time was stolen`}`,
  )
  const disks = results.map(({ disk }) => disk)
  const syncs = `the disk's own 64 KiB write + fdatasync while this was measured: p50 ${span(disks.map((disk) => disk.p50_us))} µs, p99 ${span(disks.map((disk) => disk.p99_us))} µs`
  const lines = [...machines, syncs, ...settings, ...clients, ...measured]
  return [...new Set(lines)].map((line) => `- ${line}`).join('\n')
}

function describeMachine(machine: ResultFile['machine']): string {
  const { cpu, cpus, memoryGb, kernel, node } = machine
  return `${cpus} CPUs (${cpu}), ${memoryGb} GB of memory, Linux ${kernel}, Node ${node}; client and broker share them`
}

function span(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(0))
  return least === most ? `${least}` : `${least}–${most}`
}

function targetTable(results: readonly Result[]): string {
  const rows = targets.map((target) => targetRow(target, results))
  return table([['scenario', 'what', 'target', 'reached', 'met', 'figures'], ...rows])
}

function targetRow(target: Target, results: readonly Result[]): Row {
  const { scenario, what, figure, system, against } = target
  const result = results.find(
    (candidate) =>
      candidate.scenario === scenario && (against === undefined || against in candidate.summaries),
  )
  const summary = result?.summaries[system]
  const own = summary?.[figure]
  const other = against === undefined ? undefined : result?.summaries[against]?.[figure]
  const head = [
    `\`${scenario}\``,
    system === OWN ? what : `${what} (${system})`,
    describeBound(target),
  ]
  const lacksOther = other === undefined && against !== undefined
  if (result === undefined || summary === undefined || own === undefined || lacksOther) {
    return [...head, 'not measured', '', '']
  }
  const [value, answer, sides] = reached(target, own, other)
  const isLimited = answer !== 'yes' && figure === 'rate'
  const limit = isLimited ? describeFullMachine(summary, result.file.machine.cpus) : ''
  return [...head, value, answer, `${sides}${limit}`]
}

/** A rate that client and broker together have no more CPU time for. */
function describeFullMachine(summary: Summary, cpus: number): string {
  const { rate, cpuPerMillion, clientCores } = summary
  if (rate === undefined || cpuPerMillion === undefined || clientCores === undefined) return ''
  const broker = (rate.median * cpuPerMillion.median) / 1e6
  const client = clientCores.median
  if (broker + client < FULL_MACHINE_SHARE * cpus) return ''
  const cores = `of ${cpus} cores the client takes ${client.toFixed(1)}, the broker ${broker.toFixed(1)}`
  return `; the machine is full: ${cores}`
}

function describeBound({ bound, against }: Target): string {
  const unit = against === undefined ? '' : `× ${against}`
  return 'atLeast' in bound ? `≥ ${bound.atLeast}${unit}` : `≤ ${bound.atMost}${unit}`
}

/** What was reached, whether that is enough, and the figures behind it. */
function reached(
  { figure, bound }: Target,
  own: Spread,
  other: Spread | undefined,
): [value: string, answer: string, sides: string] {
  const value = other === undefined ? own.median : own.median / other.median
  const isMet = 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost
  const answer = isMet ? 'yes' : '**no**'
  if (other === undefined) return [cell(figure, own), answer, '']
  return [times(value), answer, `${cell(figure, own)} : ${cell(figure, other)}`]
}

function times(ratio: number): string {
  return `${ratio.toPrecision(ratio >= 100 ? 3 : 2)}×`
}

function losses(results: readonly Result[]): string {
  const lines = results.flatMap((result) =>
    RIVALS.flatMap((rival) => {
      const lost = names.flatMap((name) => describeLoss(result, name, rival) ?? [])
      return lost.length === 0 ? [] : [`- \`${result.scenario}\`, ${rival}: ${lost.join('; ')}`]
    }),
  )
  if (lines.length === 0) return 'In none of the figures below.'
  return `Every figure in which \`${OWN}\` is worse than a rival and the ranges do not overlap; Pabal's figure stands first.\n\n${lines.join('\n')}`
}

function describeLoss(result: Result, name: FigureName, rival: string): string | undefined {
  const [own, other] = [result.summaries[OWN]?.[name], result.summaries[rival]?.[name]]
  const { title, better, isAboutMeasurement } = figures[name]
  if (own === undefined || other === undefined || isAboutMeasurement === true) return undefined
  const isWorse = better === 'more' ? own.most < other.least : own.least > other.most
  if (!isWorse) return undefined
  return `${title} ${cell(name, own)} : ${cell(name, other)} (${times(own.median / other.median)})`
}

function areas(results: readonly Result[]): string[] {
  return (Object.keys(areaTitles) as Area[]).flatMap((area) => {
    const own = results.filter((result) => result.area === area)
    if (own.length === 0) return []
    const notes = saturationNote(own)
    const repeat = own.map(({ scenario, description, command }) => [
      `\`${scenario}\``,
      description,
      `\`${command}\``,
    ])
    return [
      `## ${areaTitles[area]}`,
      areaTable(own),
      ...notes,
      table([['scenario', 'what happens', 'to repeat'], ...repeat]),
    ]
  })
}

function areaTable(results: readonly Result[]): string {
  const summaries = results.flatMap((result) => Object.values(result.summaries))
  const columns = names.filter((name) => summaries.some((summary) => summary[name] !== undefined))
  const head = ['scenario', 'system', ...columns.map((name) => figures[name].title), 'Pabal ÷ it']
  const rows = results.flatMap((result) =>
    Object.entries(result.summaries).map(([system, summary], index) => [
      index === 0 ? `\`${result.scenario}\`` : '',
      system,
      ...columns.map((name) => figureCell(name, summary)),
      system === OWN ? '' : ratioToOwn(result.summaries[OWN], summary),
    ]),
  )
  return table([head, ...rows])
}

function figureCell(name: FigureName, summary: Summary): string {
  const text = cell(name, summary[name])
  return name === 'clientCpu' && isSaturated(summary) ? `${text} (!)` : text
}

function isSaturated({ clientCpu }: Summary): boolean {
  return (clientCpu?.median ?? 0) >= CLIENT_BOUND_PERCENT
}

function saturationNote(results: readonly Result[]): string[] {
  const isAny = results.some(({ summaries }) => Object.values(summaries).some(isSaturated))
  return isAny ? ['(!) The client was saturated: the broker may be faster than this.'] : []
}

/** The figure that a scenario is about: its latency, its rate, or its time. */
const mainFigures: readonly FigureName[] = [
  'p99Us',
  'rate',
  'declareRate',
  'connectRate',
  'startSeconds',
  'restartSeconds',
]

function ratioToOwn(own: Summary | undefined, other: Summary): string {
  const isIn = (name: FigureName): boolean => own?.[name] !== undefined && name in other
  const name = mainFigures.find(isIn)
  const [a, b]: (Spread | undefined)[] = name === undefined ? [] : [own?.[name], other[name]]
  if (name === undefined || a === undefined || b === undefined) return ''
  return `${figures[name].title} ${times(a.median / b.median)}`
}
