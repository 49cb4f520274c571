// A response is the correlation id of its request and the message of its API. Flexible versions have
// tagged fields after the correlation id, except ApiVersions: its client may not know the version
// that the broker answers in (KIP-511).
import { apiCodecs, type ApiMessages, type ApiName } from './apis.gen.ts'
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

/**
 * A whole response in parts, ready to be written in their order. Large records are views of what
 * was passed. A field that the version can neither carry nor drop is a RangeError.
 */
export function encodeResponse<Name extends ApiName>(
  writer: WireWriter,
  header: { readonly api: Name; readonly apiVersion: number; readonly correlationId: number },
  response: ApiMessages[Name]['response'],
): readonly Buffer[] {
  const codec = apiCodecs[header.api]
  writer.start()
  writer.int32(header.correlationId)
  writer.isFlexible = header.apiVersion >= codec.flexibleVersionMin
  if (hasHeaderTags(header.api, header.apiVersion)) writer.noTags()
  codec.writeResponse(writer, response, header.apiVersion)
  return writer.finish()
}

/** Reads the correlation id, and the tags after it, of the response to a request of this kind. */
export function readResponseHeader(reader: WireReader, api: ApiName, version: number): number {
  const correlationId = reader.int32()
  reader.isFlexible = version >= apiCodecs[api].flexibleVersionMin
  if (hasHeaderTags(api, version)) reader.skipTags()
  return correlationId
}

/** Reads the message after `readResponseHeader`. Throws CodecError. */
export function readResponse<Name extends ApiName>(
  api: Name,
  reader: WireReader,
  version: number,
): ApiMessages[Name]['response'] {
  return apiCodecs[api].readResponse(reader, version)
}

function hasHeaderTags(api: ApiName, version: number): boolean {
  return api !== 'apiVersions' && version >= apiCodecs[api].flexibleVersionMin
}
