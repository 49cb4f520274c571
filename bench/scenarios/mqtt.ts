import { readFileSync } from 'node:fs'
import {
  type MqttReport,
  mqttMeasured,
  mqttMeasurement,
  runMqtt,
  runMqttMessages,
} from './mqtt-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

/** Messages that Mosquitto takes before they are answered, the fewest of all. */
const OUTSTANDING = 20

export const mqtt: readonly Scenario[] = [
  flatOut(0),
  flatOut(1),
  flatOut(2),
  pairs(1, 50),
  latency('mqtt-latency-1k-rate', 1000),
  latency('mqtt-latency-10k-rate', 10_000),
  fanOut('mqtt-fan-out-10', 10, 1000),
  fanOut('mqtt-fan-out-100', 100, 1000),
  fanOut('mqtt-fan-out', 1000, 100),
  fanOut('mqtt-fan-out-250', 1000, 250),
  connections('mqtt-connections', 50_000),
  retained('mqtt-retained', 50_000),
  subscriptions('mqtt-subscriptions', 100_000),
]

/** Where messages of QoS 2 are another thing: RabbitMQ takes them for QoS 1. */
function protocolsOf(qos: number): Scenario['protocols'] {
  return qos === 2 ? ['mqtt', 'mqtt-qos-2'] : ['mqtt']
}

function flatOut(qos: number): Scenario {
  return {
    name: `mqtt-qos-${qos}`,
    area: 'mqtt',
    protocols: protocolsOf(qos),
    description: `one publisher to one subscriber, 64 B with QoS ${qos}, ${OUTSTANDING} under way`,
    async run(context) {
      const report = await runMqttMessages('both', context, { qos, outstanding: OUTSTANDING })
      return withRate(context, report)
    },
  }
}

function pairs(qos: number, count: number): Scenario {
  return {
    name: `mqtt-qos-${qos}-pairs`,
    area: 'mqtt',
    protocols: protocolsOf(qos),
    description: `${count} publishers to ${count} subscribers, each with a topic of their own, 64 B with QoS ${qos}, ${OUTSTANDING} under way each`,
    async run(context) {
      const clients = { publishers: count, subscribers: count }
      const options = { ...clients, qos, outstanding: OUTSTANDING }
      return withRate(context, await runMqttMessages('both', context, options))
    },
  }
}

function latency(name: string, rate: number): Scenario {
  return {
    name,
    area: 'mqtt',
    protocols: ['mqtt'],
    description: `publish to deliver at ${rate} messages of 64 B a second with QoS 1, of ten publishers to ten subscribers, on a fixed schedule`,
    async run(context) {
      const clients = { publishers: 10, subscribers: 10 }
      const options = { ...clients, qos: 1, rate, outstanding: OUTSTANDING }
      return withLatency(context, await runMqttMessages('both', context, options))
    },
  }
}

function fanOut(name: string, subscribers: number, rate: number): Scenario {
  return {
    name,
    area: 'mqtt',
    protocols: ['mqtt'],
    description: `${rate} messages of 64 B a second with QoS 0 on a fixed schedule, each to ${subscribers} subscribers; rates are of deliveries`,
    async run(context) {
      const options = { qos: 0, rate, subscribers, outstanding: 1000 }
      return withLatency(context, await runMqttMessages('both', context, options))
    },
  }
}

function connections(name: string, count: number): Scenario {
  return {
    name,
    area: 'mqtt',
    protocols: ['mqtt'],
    description: `${count} connections, or as many as one process may have, a hundred at a time, which do nothing then; memory is what each adds to the process`,
    async run(context) {
      type Report = { readonly connect_rate: number; readonly bytes_per_connection: number }
      // Brokers keep a part of their files for themselves: RabbitMQ a tenth, and it leaves those beyond waiting.
      const possible = Math.min(count, Math.floor(openFilesMax() * 0.8))
      const report = await runMqtt<Report>('connect', context, { count: possible })
      return mqttMeasured(context, report, {
        connectRate: report.connect_rate,
        kbEach: report.bytes_per_connection / 1000,
      })
    },
  }
}

/** Of a process, which may raise its limit so far; only a privileged one may go beyond. */
function openFilesMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const max = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1]
  return max === undefined ? Infinity : Number(max)
}

function retained(name: string, count: number): Scenario {
  return {
    name,
    area: 'mqtt',
    protocols: ['mqtt', 'mqtt-retained-wildcards'],
    description: `${count} retained messages of 64 B are set with QoS 1, ${OUTSTANDING} under way, then got by one subscription with a wildcard and QoS 0 (replay)`,
    async run(context) {
      type Report = Record<'set_rate' | 'replay_rate' | 'bytes_per_message', number>
      const report = await runMqtt<Report>('retain', context, { count, outstanding: OUTSTANDING })
      return mqttMeasured(context, report, {
        rate: report.set_rate,
        replayRate: report.replay_rate,
        kbEach: report.bytes_per_message / 1000,
      })
    },
  }
}

function subscriptions(name: string, count: number): Scenario {
  return {
    name,
    area: 'mqtt',
    protocols: ['mqtt'],
    description: `${count} filters with wildcards, of 100 clients; then 1000 messages a second with QoS 0, each for one of them`,
    async run(context) {
      type More = Record<'subscribe_rate' | 'bytes_per_subscription', number>
      const options = { qos: 0, count, rate: 1000, outstanding: 1000 }
      const report = await runMqttMessages<More>('subscribe', context, options)
      const { figures, ...others } = withLatency(context, report)
      const more = {
        subscribeRate: report.subscribe_rate,
        kbEach: report.bytes_per_subscription / 1000,
      }
      return { ...others, figures: { ...figures, ...more } }
    },
  }
}

/** Flat out, messages wait as long as the publisher is ahead of the subscriber. */
function withRate(context: ScenarioContext, report: MqttReport): Measurement {
  const { ack_latency: acks } = report
  return mqttMeasurement(context, report, {
    rate: Math.min(report.publish_rate, report.deliver_rate),
    ...(acks !== null && { confirmP99Us: acks.p99_us }),
  })
}

function withLatency(context: ScenarioContext, report: MqttReport): Measurement {
  const { delivery_latency: delivery, ack_latency: acks } = report
  if (delivery === null) throw new Error('nothing was delivered')
  return mqttMeasurement(context, report, {
    rate: report.deliver_rate,
    p50Us: delivery.p50_us,
    p99Us: delivery.p99_us,
    p999Us: delivery.p999_us,
    ...(acks !== null && { confirmP99Us: acks.p99_us }),
  })
}
