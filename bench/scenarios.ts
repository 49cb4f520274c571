/** The scenarios by name. A new one is a row here, or a function when it asks another question. */
import { backlogScenario } from './backlog-scenario.ts'
import type { Figures } from './figure.ts'
import { type LoadOptions, type LoadReport, runLoad } from './load-program.ts'
import { processMemory } from './process-memory.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

/** Messages put into the queue beforehand, and consumed, per second of the window asked for. */
const PRELOAD_PER_SECOND = 100_000
/** The first part of a consumer's messages warms it up and is not measured. */
const WARMUP_SHARE = 0.2

export const scenarios: readonly Scenario[] = [
  publish('publish-16b', 16, 1000),
  publish('publish-1k', 1024, 1000),
  publish('publish-64k', 65_536, 100),
  publish('publish-1k-unconfirmed', 1024, 0),
  consume('consume-1k', 1024, 1),
  consume('consume-1k-multiple', 1024, 100),
  both('both-1k', 1024, 1),
  both('both-1k-multiple', 1024, 100),
  latency('latency-1k-rate', 1000),
  latency('latency-10k-rate', 10_000),
  backlogScenario('backlog-1m', 1_000_000),
]

/** What runs when no scenario is named. */
export const defaultScenarioNames: readonly string[] = [
  'publish-16b',
  'publish-1k',
  'consume-1k',
  'both-1k',
  'latency-10k-rate',
  'backlog-1m',
]

function publish(name: string, size: number, outstanding: number): Scenario {
  const confirms = outstanding > 0 ? `confirmed, ${outstanding} outstanding` : 'without confirms'
  return {
    name,
    description: `publish persistent messages of ${size} B on one connection, ${confirms}`,
    async run(context) {
      const report = await runLoad('publish', { ...windowed(context), size, outstanding })
      const latency = report.confirm_latency
      const extra = latency === null ? {} : { confirmP99Us: latency.p99_us }
      return measurement(context, report, { rate: report.publish_rate, ...extra })
    },
  }
}

function consume(name: string, size: number, ackEvery: number): Scenario {
  return {
    name,
    description: `consume waiting messages of ${size} B on one connection, prefetch 1000, ${acks(ackEvery)}`,
    async run(context) {
      const count = Math.round(PRELOAD_PER_SECOND * context.seconds)
      const port = context.broker.amqpPort
      await runLoad('publish', { port, size, count })
      const report = await runLoad('consume', {
        port,
        size,
        count,
        'warmup-count': Math.round(count * WARMUP_SHARE),
        'ack-every': ackEvery,
        'broker-pid': context.broker.pid,
      })
      return measurement(context, report, { rate: report.deliver_rate })
    },
  }
}

function both(name: string, size: number, ackEvery: number): Scenario {
  return {
    name,
    description: `publish (persistent, confirmed, 1000 outstanding) and consume (prefetch 1000, ${acks(ackEvery)}) messages of ${size} B at once on two connections`,
    async run(context) {
      const report = await runLoad('both', { ...windowed(context), size, 'ack-every': ackEvery })
      // A broker that takes messages faster than it gives them is not faster at doing both.
      const rate = Math.min(report.publish_rate, report.deliver_rate)
      return measurement(context, report, { rate })
    },
  }
}

function latency(name: string, rate: number): Scenario {
  return {
    name,
    description: `publish to deliver at ${rate} persistent, confirmed messages of 1024 B a second, each acked, on a fixed schedule`,
    async run(context) {
      const report = await runLoad('both', { ...windowed(context), rate })
      const delivery = report.delivery_latency
      if (delivery === null) throw new Error(`${name}: nothing was delivered`)
      return measurement(context, report, {
        rate: Math.min(report.publish_rate, report.deliver_rate),
        p50Us: delivery.p50_us,
        p99Us: delivery.p99_us,
        p999Us: delivery.p999_us,
        confirmP99Us: report.confirm_latency?.p99_us ?? 0,
      })
    },
  }
}

function windowed({ broker, seconds, warmup }: ScenarioContext): LoadOptions {
  return { port: broker.amqpPort, 'broker-pid': broker.pid, seconds, warmup }
}

function acks(every: number): string {
  return every === 1 ? 'each acked' : `acked every ${every}`
}

function measurement(
  { broker }: ScenarioContext,
  report: LoadReport,
  figures: Figures & { readonly rate: number },
): Measurement {
  const memory = processMemory(broker.pid)
  return {
    figures: {
      ...figures,
      cpuPerMillion: (report.broker_cpu_seconds / (figures.rate * report.seconds)) * 1e6,
      residentMb: memory.residentMb,
      peakMb: memory.peakMb,
      clientCpu: report.client_cpu_share * 100,
    },
    reports: { load: report },
  }
}
