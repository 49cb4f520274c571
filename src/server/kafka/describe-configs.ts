// DescribeConfigs (key 32).
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResourceResult,
  type DescribeConfigsResult,
  writeDescribeConfigsResult,
} from '../../codec/kafka/messages/describe-configs.gen.ts'
import { brokerIds } from './brokers-for.ts'
import { type ConfigKind, type ConfigResource, resourceType } from './config-kind.ts'
import { configKinds } from './config-kinds.ts'
import { answerTo, codeOf, invalidRequest, noError } from './error-code.ts'
import type { KafkaAccess } from './kafka-access.ts'
import type { KafkaSettings } from './kafka-context.ts'
import { permitConfig } from './permit-config.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

type Rows = readonly DescribeConfigsResourceResult[]

/** What can be described. */
interface Described {
  readonly access: KafkaAccess
  readonly settings: KafkaSettings
  readonly kinds: ReadonlyMap<number, ConfigKind>
}

export const handleDescribeConfigs: Handler<'describeConfigs'> = async (request, context) => ({
  throttleTimeMs: 0,
  results: await writeInSlices(
    'describeConfigs',
    context,
    writeDescribeConfigsResult,
    describeAll(request, context),
  ),
})

function* describeAll(
  request: DescribeConfigsRequest,
  context: RequestContext,
): Generator<DescribeConfigsResult, void> {
  const { access, settings } = context
  const described = { access, settings, kinds: configKinds(context) }
  for (const resource of request.resources) {
    const { resourceType: type, resourceName, configurationKeys } = resource
    const keys = new Set(configurationKeys)
    const { rows, ...answer } = describe(resource, described)
    const isAsked = ({ name }: { readonly name: string }): boolean =>
      keys.size === 0 || keys.has(name)
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
  described: Described,
): { readonly errorCode: number; readonly errorMessage: string | null; readonly rows: Rows } {
  try {
    permitConfig(described.access, 'describe-configs', resource)
    const rows = rowsOf(resource, described)
    if (rows !== undefined) return { errorCode: noError, errorMessage: null, rows }
    return { errorCode: codeOf('UNKNOWN_TOPIC_OR_PARTITION'), errorMessage: null, rows: [] }
  } catch (error) {
    return { ...answerTo(error), rows: [] }
  }
}

/** Undefined for a topic that does not exist. */
function rowsOf(
  { resourceType: type, resourceName: name }: ConfigResource,
  { settings, kinds }: Described,
): Rows | undefined {
  const kind = kinds.get(type)
  if (kind !== undefined) return kind.describe(name)
  if (type !== resourceType.brokerLogger) throw invalidRequest(`Unknown resource type ${type}`)
  if (name === '') throw invalidRequest('Broker id must not be empty')
  if (brokerIds(settings).some((id) => String(id) === name)) return []
  throw invalidRequest(`Unexpected broker id, expected ${settings.nodeId} but received ${name}`)
}
