// DescribeConfigs (key 32).
import { checkTopicName } from '../../broker/topic/topic-name.ts'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResourceResult,
  type DescribeConfigsResult,
  writeDescribeConfigsResult,
} from '../../codec/kafka/messages/describe-configs.gen.ts'
import { type ConfigResource, resourceType } from './config-resource.ts'
import { describeBrokerConfigs, describeGroupConfigs, describeTopicConfigs } from './config-rows.ts'
import { answerTo, codeOf, invalidRequest, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter, writeAll } from './write-in-slices.ts'

type Rows = readonly DescribeConfigsResourceResult[]

export const handleDescribeConfigs: Handler<'describeConfigs'> = async (request, context) => ({
  throttleTimeMs: 0,
  results: await context.slices.run(
    writeAll(
      new ItemWriter('describeConfigs', context, writeDescribeConfigsResult),
      describeAll(request, context),
    ),
  ),
})

function* describeAll(
  request: DescribeConfigsRequest,
  context: RequestContext,
): Generator<DescribeConfigsResult, void> {
  for (const resource of request.resources) {
    const { resourceType: type, resourceName, configurationKeys: keys } = resource
    const { rows, ...answer } = describe(resource, context)
    const isAsked = ({ name }: { readonly name: string }): boolean =>
      keys === null || keys.length === 0 || keys.includes(name)
    const configs = rows.filter(isAsked)
    yield {
      ...answer,
      resourceType: type,
      resourceName,
      configs: request.includeSynonyms ? configs : configs.map(withoutSynonyms),
    }
  }
}

function withoutSynonyms(row: DescribeConfigsResourceResult): DescribeConfigsResourceResult {
  return { ...row, synonyms: [] }
}

function describe(
  resource: ConfigResource,
  context: RequestContext,
): { readonly errorCode: number; readonly errorMessage: string | null; readonly rows: Rows } {
  try {
    const rows = rowsOf(resource, context)
    if (rows !== undefined) return { errorCode: noError, errorMessage: null, rows }
    return { errorCode: codeOf('UNKNOWN_TOPIC_OR_PARTITION'), errorMessage: null, rows: [] }
  } catch (error) {
    return { ...answerTo(error), rows: [] }
  }
}

/** Undefined for a topic that does not exist. */
function rowsOf(
  { resourceType: type, resourceName: name }: ConfigResource,
  { topics, settings }: RequestContext,
): Rows | undefined {
  switch (type) {
    case resourceType.topic: {
      checkTopicName(name)
      const view = topics.find(name)
      return view && describeTopicConfigs(view.config)
    }
    case resourceType.broker:
    case resourceType.brokerLogger:
      checkBrokerName(name, settings.nodeId)
      // No defaults for all brokers are set, and log levels are not Kafka's.
      if (name === '' || type === resourceType.brokerLogger) return []
      return describeBrokerConfigs(settings)
    case resourceType.group:
      if (name === '') throw invalidRequest('Group name must not be empty')
      return describeGroupConfigs()
    case resourceType.clientMetrics:
      return []
    default:
      throw invalidRequest(`Unknown resource type ${type}`)
  }
}

function checkBrokerName(name: string, nodeId: number): void {
  if (name === '' || name === String(nodeId)) return
  if (!/^[+-]?\d+$/.test(name)) {
    throw invalidRequest(`Broker id must be an integer, but it is: ${name}`)
  }
  throw invalidRequest(
    `Unexpected broker id, expected ${nodeId} or empty string, but received ${name}`,
  )
}
