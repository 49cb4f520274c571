// DescribeConfigs, IncrementalAlterConfigs (KIP-339) and AlterConfigs.
import { BrokerError } from '../../broker/broker-error.ts'
import { checkTopicConfig } from '../../broker/topic/topic-config.ts'
import { topicConfigs } from '../../broker/topic/topic-config.ts'
import { Topic } from '../../broker/topic/topic.ts'
import type {
  DescribeConfigsResource,
  DescribeConfigsResult,
} from '../../codec/kafka/messages/describe-configs.gen.ts'
import { formatAddress } from '../../lib/listen.ts'
import { whenDurable } from './await-group.ts'
import { describeBrokerConfigs, describeTopicConfigs } from './config-rows.ts'
import { answerTo, codeOf, type ErrorAnswer, noError } from './error-code.ts'
import { nodeId } from './kafka-context.ts'
import type { Handler, RequestContext } from './request-context.ts'

const resourceType = { topic: 2, broker: 4 } as const
const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

interface ConfigChange {
  readonly name: string
  readonly value: string | null
  readonly configOperation: number
}

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
}

export const handleDescribeConfigs: Handler<'describeConfigs'> = (request, context) => ({
  throttleTimeMs: 0,
  results: request.resources.map((resource) => describe(resource, context)),
})

function describe(
  resource: DescribeConfigsResource,
  context: RequestContext,
): DescribeConfigsResult {
  const { resourceType: type, resourceName, configurationKeys } = resource
  const base = { resourceType: type, resourceName }
  const rows = rowsOf(resource, context)
  if (typeof rows === 'string') {
    return { ...base, errorCode: codeOf(rows), errorMessage: null, configs: [] }
  }
  const isAsked = (name: string): boolean => configurationKeys?.includes(name) ?? true
  const configs = rows.filter(({ name }) => isAsked(name))
  return { ...base, errorCode: noError, errorMessage: null, configs }
}

function rowsOf(
  { resourceType: type, resourceName }: Resource,
  { topics, settings }: RequestContext,
): DescribeConfigsResult['configs'] | 'UNKNOWN_TOPIC_OR_PARTITION' | 'INVALID_REQUEST' {
  if (type === resourceType.topic) {
    const view = topics.find(resourceName)
    return view === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : describeTopicConfigs(view.config)
  }
  if (type !== resourceType.broker) return []
  if (resourceName !== '' && resourceName !== String(nodeId)) return 'INVALID_REQUEST'
  return describeBrokerConfigs(formatAddress(settings.advertised()))
}

export const handleIncrementalAlterConfigs: Handler<'incrementalAlterConfigs'> = async (
  request,
  context,
) => {
  const responses = []
  for (const resource of request.resources) {
    const answer = await alter(resource, context, (overrides) =>
      applyChanges(overrides, resource.configs, request.validateOnly),
    )
    responses.push({ ...identityOf(resource), ...answer })
  }
  return { throttleTimeMs: 0, responses }
}

export const handleAlterConfigs: Handler<'alterConfigs'> = async (request, context) => {
  const responses = []
  for (const resource of request.resources) {
    // The old way replaces everything that was set.
    const changes = resource.configs.map((config) => ({
      ...config,
      configOperation: operation.set,
    }))
    const answer = await alter(resource, context, () =>
      applyChanges({}, changes, request.validateOnly),
    )
    responses.push({ ...identityOf(resource), ...answer })
  }
  return { throttleTimeMs: 0, responses }
}

function identityOf({ resourceType: type, resourceName }: Resource): Resource {
  return { resourceType: type, resourceName }
}

/** `change` gets what is set now and returns what shall be set, or undefined to leave it. */
async function alter(
  { resourceType: type, resourceName }: Resource,
  { topics }: RequestContext,
  change: (overrides: Readonly<Record<string, string>>) => Record<string, string> | undefined,
): Promise<ErrorAnswer> {
  try {
    if (type !== resourceType.topic) {
      throw new BrokerError('invalid_config', 'Only settings of topics can be changed this way.')
    }
    const view = topics.find(resourceName)
    if (view === undefined) {
      throw new BrokerError('queue_not_found', `The topic '${resourceName}' does not exist.`)
    }
    if (!(view.source instanceof Topic)) {
      throw new BrokerError('invalid_config', `${resourceName} is a queue: use its arguments.`)
    }
    const configs = change(view.source.config.overrides)
    if (configs !== undefined) await whenDurable(topics.configure(view.source, configs))
    return { errorCode: noError, errorMessage: null }
  } catch (error) {
    return answerTo(error)
  }
}

function applyChanges(
  overrides: Readonly<Record<string, string>>,
  changes: readonly ConfigChange[],
  isDryRun: boolean,
): Record<string, string> | undefined {
  const configs = new Map(Object.entries(overrides))
  for (const change of changes) {
    const value = valueAfter(change, configs.get(change.name))
    if (value === undefined) {
      configs.delete(change.name)
      continue
    }
    checkTopicConfig(change.name, value)
    configs.set(change.name, value)
  }
  return isDryRun ? undefined : Object.fromEntries(configs)
}

function valueAfter(
  { name, value, configOperation }: ConfigChange,
  current: string | undefined,
): string | undefined {
  if (configOperation === operation.delete || value === null) return undefined
  if (configOperation === operation.set) return value
  if (topicConfigs[name]?.type !== 'list') {
    throw new BrokerError(
      'invalid_config',
      `Config value append is not allowed for config key: ${name}`,
    )
  }
  const items = (current ?? topicConfigs[name].default).split(',').filter((item) => item !== '')
  const given = value.split(',')
  const isKept = (item: string): boolean => !given.includes(item)
  const rest = items.filter(isKept)
  return configOperation === operation.append ? [...rest, ...given].join() : rest.join()
}
