import { advertisedVersions } from '../../codec/kafka/advertised-versions.ts'
import { apiNames } from '../../codec/kafka/apis.gen.ts'
import type { ApiVersionsResponse } from '../../codec/kafka/messages/api-versions.gen.ts'
import { codeOf, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'

const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/

export const handleApiVersions: Handler<'apiVersions'> = (request, { apiVersion }) => {
  const { clientSoftwareName: name, clientSoftwareVersion: version } = request
  const isNamed = apiVersion < 3 || (namePattern.test(name) && namePattern.test(version))
  return {
    errorCode: isNamed ? noError : codeOf('INVALID_REQUEST'),
    apiKeys: isNamed ? served() : [],
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
