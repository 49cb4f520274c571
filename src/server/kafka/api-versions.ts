import { advertisedVersions } from '../../codec/kafka/advertised-versions.ts'
import { apiNames } from '../../codec/kafka/apis.gen.ts'
import type { ApiVersionsResponse } from '../../codec/kafka/messages/api-versions.gen.ts'
import { codeOf, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'

const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/

/** What tools show as Kafka's version: 4.3-IV0. Other features are those of protocols not served. */
const metadataVersion = 30
/** KIP-890: clients raise the epoch with each transaction, and add partitions by writing to them. */
const transactionVersion = 2
const features: Partial<ApiVersionsResponse> = {
  supportedFeatures: [
    { name: 'metadata.version', minVersion: 7, maxVersion: metadataVersion },
    { name: 'transaction.version', minVersion: 0, maxVersion: transactionVersion },
  ],
  finalizedFeaturesEpoch: 0,
  finalizedFeatures: [
    {
      name: 'metadata.version',
      maxVersionLevel: metadataVersion,
      minVersionLevel: metadataVersion,
    },
    {
      name: 'transaction.version',
      maxVersionLevel: transactionVersion,
      minVersionLevel: transactionVersion,
    },
  ],
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

/** Clients of version 3 stumble over a feature that may be at 0 (KAFKA-17011). */
function featuresFor(apiVersion: number): Partial<ApiVersionsResponse> {
  if (apiVersion > 3) return features
  const { supportedFeatures: all = [] } = features
  const supportedFeatures = all.filter(({ minVersion }) => minVersion > 0)
  return { ...features, supportedFeatures }
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
