// ListConfigResources (KIP-1142, key 74), which was ListClientMetricsResources (KIP-714) in version 0.
import {
  type ConfigResource,
  type ListConfigResourcesRequest,
  writeConfigResource,
} from '../../codec/kafka/messages/list-config-resources.gen.ts'
import { brokerIds } from './brokers-for.ts'
import { resourceType } from './config-kind.ts'
import { codeOf, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

const allTypes: readonly number[] = Object.values(resourceType)

export const handleListConfigResources: Handler<'listConfigResources'> = async (
  request,
  context,
) => {
  const types = typesOf(request, context)
  if (types === undefined) {
    return { throttleTimeMs: 0, errorCode: codeOf('UNSUPPORTED_VERSION'), configResources: [] }
  }
  const configResources = await writeInSlices(
    'listConfigResources',
    context,
    writeConfigResource,
    resourcesOf(types, context),
  )
  return { throttleTimeMs: 0, errorCode: noError, configResources }
}

/** Undefined for types that there are not. */
function typesOf(
  { resourceTypes }: ListConfigResourcesRequest,
  { apiVersion }: RequestContext,
): ReadonlySet<number> | undefined {
  if (apiVersion === 0) return new Set([resourceType.clientMetrics])
  if (resourceTypes.length === 0) return new Set(allTypes)
  const isKnown = resourceTypes.every((type) => allTypes.includes(type))
  return isKnown ? new Set(resourceTypes) : undefined
}

function* resourcesOf(
  types: ReadonlySet<number>,
  { broker, settings, topics }: RequestContext,
): Generator<ConfigResource, void> {
  const { topic, broker: ofBroker, brokerLogger, clientMetrics, group } = resourceType
  if (types.has(group)) {
    for (const name of broker.settings.names('group')) yield resource(group, name)
  }
  if (types.has(clientMetrics)) {
    for (const name of broker.settings.names('client-metrics')) yield resource(clientMetrics, name)
  }
  const ids = brokerIds(settings).map(String)
  if (types.has(brokerLogger)) for (const id of ids) yield resource(brokerLogger, id)
  if (types.has(ofBroker)) for (const id of ids) yield resource(ofBroker, id)
  if (!types.has(topic)) return
  for (const { name } of topics.views()) yield resource(topic, name)
}

function resource(type: number, resourceName: string): ConfigResource {
  return { resourceName, resourceType: type }
}
