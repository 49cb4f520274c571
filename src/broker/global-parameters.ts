// Global parameters: values that administrators keep with a cluster and give it along in definitions. Of
// those that RabbitMQ acts on, two mean something here: `cluster_name` and `cluster_tags`. They are kept in
// the log's keyed state, beside the settings of clients.
import { compareNames } from '../lib/compare-names.ts'
import { brokerLimits } from '../limits/broker.ts'
import type { Ticket } from '../log/ticket.ts'
import { BrokerError } from './broker-error.ts'
import { clusterNameOf, setClusterName } from './cluster-name.ts'
import type { DynamicSettings } from './dynamic-settings.ts'

interface HasSettings {
  readonly settings: DynamicSettings
}

export interface GlobalParameter {
  readonly name: string
  /** As JSON has it. */
  readonly value: unknown
}

/** Where all of a parameter's JSON is. */
const valueKey = 'value'

const clusterName = 'cluster_name'

/** By name. `cluster_name` is among them also when nobody has set it. */
export function globalParameters(broker: HasSettings): GlobalParameter[] {
  return [clusterName, ...broker.settings.names('parameter')]
    .toSorted(compareNames)
    .map((name) => ({ name, value: findGlobalParameter(broker, name) }))
}

/** Undefined for one that is not there. */
export function findGlobalParameter(broker: HasSettings, name: string): unknown {
  if (name === clusterName) return clusterNameOf(broker)
  const json = broker.settings.get('parameter', name)[valueKey]
  return json === undefined ? undefined : JSON.parse(json)
}

/** Whether somebody has set it. */
export function isGlobalParameterSet({ settings }: HasSettings, name: string): boolean {
  if (name === clusterName) return settings.get('cluster', '')['name'] !== undefined
  return settings.get('parameter', name)[valueKey] !== undefined
}

/** Why it cannot be set; undefined when it can. */
export function whyNoGlobalParameter(
  broker: HasSettings,
  { name, value }: GlobalParameter,
): string | undefined {
  const { globalParametersMax, globalParameterSizeMax } = brokerLimits
  const problem = whyNoText(name)
  if (problem !== undefined) return `the name of a global parameter ${problem}`
  if (name === clusterName) {
    const unusable = typeof value === 'string' ? whyNoText(value) : 'should be text'
    return unusable && `global parameter ${name} ${unusable}`
  }
  if (value === undefined) return `global parameter ${name} has no value`
  if (Buffer.byteLength(JSON.stringify(value)) > globalParameterSizeMax) {
    return `global parameter ${name} is larger than ${globalParameterSizeMax} bytes`
  }
  const isFull = broker.settings.count('parameter') >= globalParametersMax
  return isFull && !isGlobalParameterSet(broker, name)
    ? `limit of ${globalParametersMax} global parameters is reached`
    : undefined
}

/** Sets or replaces it. Throws `precondition_failed` for what cannot be set, and `resource_exhausted`. */
export function setGlobalParameter(
  broker: HasSettings,
  parameter: GlobalParameter,
): Ticket | undefined {
  const problem = whyNoGlobalParameter(broker, parameter)
  if (problem !== undefined) throw new BrokerError('precondition_failed', problem)
  const { name, value } = parameter
  if (name === clusterName) return setClusterName(broker, value as string)
  return broker.settings.put('parameter', name, { [valueKey]: JSON.stringify(value) })
}

/** `cluster_name` is then what it is at first. */
export function clearGlobalParameter({ settings }: HasSettings, name: string): Ticket | undefined {
  return name === clusterName
    ? settings.put('cluster', '', {})
    : settings.put('parameter', name, {})
}

function whyNoText(text: string): string | undefined {
  const { globalParameterNameSizeMax: sizeMax } = brokerLimits
  if (text === '') return 'is empty'
  if (!text.isWellFormed()) return 'is no UTF-8'
  return Buffer.byteLength(text) > sizeMax ? `is longer than ${sizeMax} bytes` : undefined
}
