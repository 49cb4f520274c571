import { type LoadReport, loadMeasurement } from './amqp-load.ts'
import type { Measurement, ScenarioContext } from './scenario.ts'

/**
 * Of messages on a fixed schedule. Where it is kept, time and CPU are the answer, not the rate; CPU is
 * counted from the first message to the last answer, because a broker that lags works on afterwards.
 */
export function scheduleMeasurement(context: ScenarioContext, report: LoadReport): Measurement {
  const { delivery_latency: latency, publish_rate: published, deliver_rate: delivered } = report
  if (latency === null) throw new Error('nothing was delivered')
  const { figures, ...others } = loadMeasurement(context, report, {
    rate: Math.min(published, delivered),
    p50Us: latency.p50_us,
    p99Us: latency.p99_us,
    p999Us: latency.p999_us,
    confirmP99Us: report.confirm_latency?.p99_us ?? 0,
  })
  const cpuPerMillion = (report.whole_broker_cpu_seconds / report.total.delivered) * 1e6
  return { ...others, figures: { ...figures, cpuPerMillion } }
}
