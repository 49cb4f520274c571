import type { DynamicSettings } from '../../broker/dynamic-settings.ts'
import type { ApiName } from '../../codec/kafka/apis.gen.ts'
import type { RequestHeader } from '../../codec/kafka/request.ts'
import { isApiOff } from './features.ts'
import { RefusedRequestError } from './refused-request-error.ts'
import type { SaslState } from './sasl-state.ts'
import { servedApis } from './served-apis.ts'

/**
 * What a request asks for. Throws RefusedRequestError for what is not served, or is off, or has to wait for a
 * login.
 */
export function servedApi(
  { api, apiKey }: RequestHeader,
  settings: DynamicSettings,
  sasl: Pick<SaslState, 'allows'>,
): ApiName {
  if (api === undefined || isApiOff(api, settings)) {
    throw new RefusedRequestError(`API ${apiKey} is not served`)
  }
  if (!sasl.allows(servedApis[api].operation)) {
    throw new RefusedRequestError(`${api} before authentication`)
  }
  return api
}

/** Whether the home of all topics answers it: who a client is, and what leaders answer, is for the node it has come to. */
export function isForHome(api: ApiName): boolean {
  const { operation, isForLeaders = false } = servedApis[api]
  return operation !== 'login' && !isForLeaders
}
