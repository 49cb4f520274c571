import type { ApiName } from '../../codec/kafka/apis.gen.ts'
import type { RequestHeader } from '../../codec/kafka/request.ts'
import { RefusedRequestError } from './refused-request-error.ts'

/** What a request asks for. Throws RefusedRequestError for what is not served. */
export function servedApi({ api, apiKey }: RequestHeader): ApiName {
  if (api === undefined) throw new RefusedRequestError(`API ${apiKey} is not served`)
  return api
}
