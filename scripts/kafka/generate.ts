// All generated files of the Kafka codec: path below src/codec/kafka → text.
import { apiNames } from './api-list.ts'
import { readApi, readErrors } from './read-messages.ts'
import { renderMessages } from './render-messages.ts'
import { apiName, fileName, renderApis, renderErrorCodes } from './render-tables.ts'

export function generateKafka(): ReadonlyMap<string, string> {
  const apis = apiNames.map(readApi)
  return new Map([
    ['apis.gen.ts', renderApis(apis)],
    ['error-codes.gen.ts', renderErrorCodes(readErrors())],
    ...apis.map(
      (api) =>
        [
          `messages/${fileName(apiName(api))}`,
          renderMessages([api.request, api.response]),
        ] as const,
    ),
  ])
}
