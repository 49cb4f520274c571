// IncrementalAlterConfigs (KIP-339, key 44) and AlterConfigs (key 33).
import { BrokerError } from '../../broker/broker-error.ts'
import {
  itemsOf,
  parseTopicConfig,
  parseTopicConfigs,
  topicConfigs,
} from '../../broker/topic/topic-config.ts'
import { checkTopicName } from '../../broker/topic/topic-name.ts'
import { Topic } from '../../broker/topic/topic.ts'
import { whenCaughtUp, whenDurable } from './await-durable.ts'
import { type ConfigResource, resourceType } from './config-resource.ts'
import { groupConfigNames } from './config-rows.ts'
import { answerTo, type ErrorAnswer, invalidRequest, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'

const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

interface ConfigChange {
  readonly name: string
  readonly value: string | null
  readonly configOperation: number
}

interface Alteration extends ConfigResource {
  readonly configs: readonly ConfigChange[]
}

/** What is set now → what shall be set. */
type Change = (overrides: Readonly<Record<string, string>>) => Record<string, string>

export const handleIncrementalAlterConfigs: Handler<'incrementalAlterConfigs'> = async (
  request,
  context,
) => {
  const responses = []
  for (const resource of request.resources) {
    const change: Change = (overrides) => applyChanges(overrides, resource.configs)
    const answer = await alter(resource, context, { change, isDryRun: request.validateOnly })
    responses.push({ ...identityOf(resource), ...answer })
  }
  return { throttleTimeMs: 0, responses }
}

export const handleAlterConfigs: Handler<'alterConfigs'> = async (request, context) => {
  const responses = []
  for (const resource of request.resources) {
    // The old way replaces everything that was set.
    const configs = resource.configs.map((config) => ({
      ...config,
      configOperation: operation.set,
    }))
    const change: Change = () => applyChanges({}, configs)
    const alteration = { ...identityOf(resource), configs }
    const answer = await alter(alteration, context, { change, isDryRun: request.validateOnly })
    responses.push({ ...identityOf(resource), ...answer })
  }
  return { throttleTimeMs: 0, responses }
}

function identityOf({ resourceType: type, resourceName }: ConfigResource): ConfigResource {
  return { resourceType: type, resourceName }
}

async function alter(
  resource: Alteration,
  { topics, broker, settings }: RequestContext,
  { change, isDryRun }: { readonly change: Change; readonly isDryRun: boolean },
): Promise<ErrorAnswer> {
  try {
    checkChanges(resource.configs)
    checkResource(resource, settings.nodeId)
    await whenCaughtUp(broker.topology)
    const { resourceName: name } = resource
    const view = topics.find(name)
    if (view === undefined) {
      throw new BrokerError('queue_not_found', `The topic '${name}' does not exist.`)
    }
    if (!(view.source instanceof Topic)) {
      throw new BrokerError('invalid_config', `${name} is a queue: use its arguments.`)
    }
    const configs = parseTopicConfigs(change(view.source.config.overrides))
    if (isDryRun) return { errorCode: noError, errorMessage: null }
    await whenDurable(topics.configure(view.source, configs))
    return { errorCode: noError, errorMessage: null }
  } catch (error) {
    return answerTo(error)
  }
}

function checkChanges(changes: readonly ConfigChange[]): void {
  if (new Set(changes.map(({ name }) => name)).size < changes.length) {
    throw invalidRequest('Error due to duplicate config keys')
  }
  const nulls = changes
    .filter(({ value, configOperation }) => value === null && configOperation !== operation.delete)
    .map(({ name }) => name)
  if (nulls.length > 0) {
    throw invalidRequest(`Null value not supported for : ${nulls.join()}`)
  }
}

/** Topics alone have settings that can be changed while the broker runs. */
function checkResource(
  { resourceType: type, resourceName: name, configs }: Alteration,
  nodeId: number,
): void {
  const names = configs.map((config) => config.name)
  switch (type) {
    case resourceType.topic:
      if (name === '') throw invalidRequest('Default topic resources are not allowed.')
      checkTopicName(name)
      return
    case resourceType.broker:
      if (name !== '') checkBrokerName(name, nodeId)
      throw invalidRequest(`Cannot update these configs dynamically: [${names.join(', ')}]`)
    case resourceType.group:
      for (const each of names) {
        if (groupConfigNames.has(each)) continue
        throw new BrokerError('invalid_config', `Unknown group config name: ${each}`)
      }
      throw invalidRequest('Settings of groups cannot be changed.')
    case resourceType.brokerLogger:
      throw invalidRequest('Log levels cannot be changed while the broker runs.')
    case resourceType.clientMetrics:
      throw invalidRequest('Metrics of clients are not gathered.')
    default:
      throw invalidRequest(`Unknown resource type ${type}`)
  }
}

function checkBrokerName(name: string, nodeId: number): void {
  if (name === String(nodeId)) return
  if (!/^[+-]?\d+$/.test(name)) {
    throw invalidRequest(`Node id must be an integer, but it is: ${name}`)
  }
  throw invalidRequest(`Unexpected broker id, expected ${nodeId}, but received ${name}`)
}

function applyChanges(
  overrides: Readonly<Record<string, string>>,
  changes: readonly ConfigChange[],
): Record<string, string> {
  const configs = new Map(Object.entries(overrides))
  for (const change of changes) {
    const value = valueAfter(change, configs.get(change.name))
    if (value === undefined) configs.delete(change.name)
    else configs.set(change.name, parseTopicConfig(change.name, value))
  }
  return Object.fromEntries(configs)
}

function valueAfter(
  { name, value, configOperation }: ConfigChange,
  current: string | undefined,
): string | undefined {
  if (configOperation === operation.delete || value === null) return undefined
  if (configOperation === operation.set) return value
  if (configOperation !== operation.append && configOperation !== operation.subtract) {
    throw invalidRequest(`Unknown operation ${configOperation} on ${name}`)
  }
  const isAppend = configOperation === operation.append
  if (topicConfigs[name]?.type !== 'list') {
    throw new BrokerError(
      'invalid_config',
      `Can't ${isAppend ? 'APPEND to' : 'SUBTRACT from'} key ${name} because its type is not LIST.`,
    )
  }
  const items = itemsOf(current ?? topicConfigs[name].default)
  const given = itemsOf(value)
  const rest = items.filter((item) => !given.includes(item))
  // What is there already stays where it is.
  return isAppend ? [...new Set([...items, ...given])].join() : rest.join()
}
