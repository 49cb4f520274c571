import type { Program } from '../compile-program.ts'
import type { Figures } from '../report/figure.ts'
import { type ProgramReport, runProgram } from '../run-program.ts'
import type { Percentiles } from './amqp-load.ts'
import type { Scenario } from './scenario.ts'
import { usageFigures } from './usage-figures.ts'

const client = 'bench/load-stomp'
/** Messages without a receipt, and unacked ones: as in the scenarios of AMQP. */
const OUTSTANDING = 1000

const program: Program = {
  name: 'load-stomp',
  libraries: [],
  packages: '',
}

/** What load-stomp prints. Rates and CPU are of the measured window alone. */
type StompReport = ProgramReport & {
  readonly seconds: number
  readonly publish_rate: number
  readonly deliver_rate: number
  readonly client_cpu_seconds: number
  readonly client_cpu_share: number
  readonly broker_cpu_seconds: number
  readonly stolen_cpu_seconds: number
  readonly receipt_latency: Percentiles | null
  readonly delivery_latency: Percentiles | null
  readonly total: Readonly<Record<'sent' | 'answered' | 'delivered' | 'out_of_order', number>>
}

export const stomp: readonly Scenario[] = [
  load('stomp-publish-1k', {
    mode: 'publish',
    size: 1024,
    description: `one connection sends persistent messages of 1 KiB to a durable queue, each with a receipt, ${OUTSTANDING} outstanding`,
  }),
  load('stomp-both-1k', {
    mode: 'both',
    size: 1024,
    description: `as stomp-publish-1k, and another connection takes them at once (prefetch ${OUTSTANDING}, one ACK a message); the rate is the lower of the two`,
  }),
]

interface Load {
  readonly mode: 'publish' | 'both'
  readonly size: number
  readonly description: string
}

function load(name: string, { mode, size, description }: Load): Scenario {
  return {
    name,
    area: 'stomp',
    protocols: ['stomp'],
    description,
    async run({ broker, seconds, warmup }) {
      const address = { port: portOf(broker.stompPort), 'broker-pid': broker.pid }
      const limits = { outstanding: OUTSTANDING, prefetch: OUTSTANDING }
      const options = { ...address, size, ...limits, warmup, seconds }
      const report = await runProgram<StompReport>(program, mode, options)
      expectAll(report, mode)
      const figures = figuresOf(report, mode)
      return {
        figures: { ...figures, ...usageFigures(broker.pid, report, figures.rate) },
        reports: { load: report },
        client,
      }
    },
  }
}

/** A broker that takes messages faster than it gives them is not faster at doing both. */
function figuresOf(report: StompReport, mode: Load['mode']): Figures & { readonly rate: number } {
  const { publish_rate: publishRate, deliver_rate: deliverRate, receipt_latency: receipts } = report
  return {
    rate: mode === 'both' ? Math.min(publishRate, deliverRate) : publishRate,
    ...(receipts !== null && { confirmP99Us: receipts.p99_us }),
  }
}

/** Throws when a message was lost or came out of order. */
function expectAll({ total }: StompReport, mode: Load['mode']): void {
  const { sent, answered, delivered, out_of_order: misordered } = total
  const isAllThere = answered === sent && (mode === 'publish' || delivered === sent)
  if (isAllThere && misordered === 0) return
  const came = `${answered} answered, ${delivered} delivered, ${misordered} out of order`
  throw new Error(`load-stomp: of ${sent} messages ${came}`)
}

/** The runner starts no scenario on a system without it. */
function portOf(port: number | undefined): number {
  if (port === undefined) throw new Error('this broker listens on no STOMP port')
  return port
}
