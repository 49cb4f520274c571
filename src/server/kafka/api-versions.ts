import { advertisedVersions } from '../../codec/kafka/advertised-versions.ts'
import { apiNames } from '../../codec/kafka/apis.gen.ts'
import type { ApiVersionsResponse } from '../../codec/kafka/messages/api-versions.gen.ts'
import { codeOf, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'

const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/

/** What tools show as Kafka's version: 4.3-IV0. */
const metadataVersion = { name: 'metadata.version', min: 7, level: 30 }
/** Protocols that are there. Other features of Kafka are those of protocols not served. */
const protocols = [
  { name: 'group.version', min: 0, level: 1 },
  { name: 'share.version', min: 0, level: 1 },
  // KIP-890: clients raise the epoch with each transaction, and add partitions by writing to them.
  { name: 'transaction.version', min: 0, level: 2 },
]
/** Older clients take a feature that may be off for a broken answer (KAFKA-17011). */
const offFeatureVersion = 4

function featuresFor(apiVersion: number): Partial<ApiVersionsResponse> {
  const all = [metadataVersion, ...protocols]
  const supported = all.filter(({ min }) => min > 0 || apiVersion >= offFeatureVersion)
  return {
    supportedFeatures: supported.map(({ name, min, level }) => {
      return { name, minVersion: min, maxVersion: level }
    }),
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: all.map(({ name, level }) => {
      return { name, maxVersionLevel: level, minVersionLevel: level }
    }),
  }
}

export const handleApiVersions: Handler<'apiVersions'> = (request, { apiVersion, client }) => {
  const { clientSoftwareName: name, clientSoftwareVersion: version } = request
  const isNamed = apiVersion < 3 || (namePattern.test(name) && namePattern.test(version))
  if (isNamed) Object.assign(client.names, { softwareName: name, softwareVersion: version })
  return {
    errorCode: isNamed ? noError : codeOf('INVALID_REQUEST'),
    apiKeys: isNamed ? served() : [],
    ...(apiVersion >= 3 && isNamed && featuresFor(apiVersion)),
  }
}

/** KIP-511: the client asked in a version that is not known and may try again in one of these. */
export function unsupportedApiVersions(): ApiVersionsResponse {
  return {
    errorCode: codeOf('UNSUPPORTED_VERSION'),
    apiKeys: advertisedVersions(['apiVersions']),
  }
}

function served(): ApiVersionsResponse['apiKeys'] {
  return advertisedVersions([...apiNames.values()])
}
