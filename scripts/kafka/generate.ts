// All generated files of the Kafka codec: path below src/codec/kafka → text.
import { apiNames, dataNames } from './api-list.ts'
import { readApi, readErrors, readMessage } from './read-messages.ts'
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
    ...dataNames.map(
      (name) => [`messages/${fileName(name)}`, renderMessages([readMessage(name)])] as const,
    ),
  ])
}
