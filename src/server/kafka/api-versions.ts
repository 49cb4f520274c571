import type { DynamicSettings } from '../../broker/dynamic-settings.ts'
import { advertisedVersions } from '../../codec/kafka/advertised-versions.ts'
import { apiNames } from '../../codec/kafka/apis.gen.ts'
import type { ApiVersionsResponse } from '../../codec/kafka/messages/api-versions.gen.ts'
import { codeOf, noError } from './error-code.ts'
import { featuresEpoch, featureStates, isApiOff } from './features.ts'
import type { Handler, RequestContext } from './request-context.ts'

const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/

/** Clients of the versions before take a feature that may be at 0 for a broken answer (KAFKA-17011). */
const offFeatureVersion = 4

export const handleApiVersions: Handler<'apiVersions'> = (request, context) => {
  const { apiVersion, client, broker } = context
  const { clientSoftwareName: name, clientSoftwareVersion: version } = request
  const isNamed = apiVersion < 3 || (namePattern.test(name) && namePattern.test(version))
  if (isNamed) Object.assign(client.names, { softwareName: name, softwareVersion: version })
  return {
    errorCode: isNamed ? noError : codeOf('INVALID_REQUEST'),
    apiKeys: isNamed ? served(broker.settings) : [],
    ...(apiVersion >= 3 && isNamed && featuresFor(context)),
  }
}

function featuresFor({ apiVersion, broker }: RequestContext): Partial<ApiVersionsResponse> {
  const all = featureStates(broker.settings)
  const told = all.filter(({ min }) => min > 0 || apiVersion >= offFeatureVersion)
  // As in Kafka, one at 0 is not in force.
  const inForce = all.filter(({ level }) => level > 0)
  return {
    supportedFeatures: told.map(({ name, min, max }) => {
      return { name, minVersion: min, maxVersion: max }
    }),
    finalizedFeaturesEpoch: featuresEpoch(broker.settings),
    finalizedFeatures: inForce.map(({ name, level }) => {
      return { name, maxVersionLevel: level, minVersionLevel: level }
    }),
  }
}

/** KIP-511: the client asked in a version that is not known and may try again in one of these. */
export function unsupportedApiVersions(): ApiVersionsResponse {
  return {
    errorCode: codeOf('UNSUPPORTED_VERSION'),
    apiKeys: advertisedVersions(['apiVersions']),
  }
}

function served(settings: DynamicSettings): ApiVersionsResponse['apiKeys'] {
  return advertisedVersions([...apiNames.values()].filter((name) => !isApiOff(name, settings)))
}
