import type { DynamicSettings } from '../../broker/dynamic-settings.ts'
import type { ApiName } from '../../codec/kafka/apis.gen.ts'
import type { RequestHeader } from '../../codec/kafka/request.ts'
import { isApiOff } from './features.ts'
import { RefusedRequestError } from './refused-request-error.ts'

/** What a request asks for. Throws RefusedRequestError for what is not served, or is off. */
export function servedApi({ api, apiKey }: RequestHeader, settings: DynamicSettings): ApiName {
  if (api === undefined || isApiOff(api, settings)) {
    throw new RefusedRequestError(`API ${apiKey} is not served`)
  }
  return api
}
