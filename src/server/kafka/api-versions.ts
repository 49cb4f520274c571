import { advertisedVersions } from '../../codec/kafka/advertised-versions.ts'
import { apiNames } from '../../codec/kafka/apis.gen.ts'
import type { ApiVersionsResponse } from '../../codec/kafka/messages/api-versions.gen.ts'
import { codeOf, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'

const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/

/** What tools show as Kafka's version: 4.3-IV0. Other features are those of protocols not served. */
const metadataVersion = 30
/** Consumer groups of KIP-848. */
const groupVersion = 1
const features: Partial<ApiVersionsResponse> = {
  supportedFeatures: [
    { name: 'metadata.version', minVersion: 7, maxVersion: metadataVersion },
    { name: 'group.version', minVersion: 0, maxVersion: groupVersion },
  ],
  finalizedFeaturesEpoch: 0,
  finalizedFeatures: [
    {
      name: 'metadata.version',
      maxVersionLevel: metadataVersion,
      minVersionLevel: metadataVersion,
    },
    { name: 'group.version', maxVersionLevel: groupVersion, minVersionLevel: groupVersion },
  ],
}

export const handleApiVersions: Handler<'apiVersions'> = (request, { apiVersion, client }) => {
  const { clientSoftwareName: name, clientSoftwareVersion: version } = request
  const isNamed = apiVersion < 3 || (namePattern.test(name) && namePattern.test(version))
  if (isNamed) Object.assign(client.names, { softwareName: name, softwareVersion: version })
  return {
    errorCode: isNamed ? noError : codeOf('INVALID_REQUEST'),
    apiKeys: isNamed ? served() : [],
    ...(apiVersion >= 3 && isNamed && features),
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
