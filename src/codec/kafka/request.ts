// A request is a header and the message of its API. Header version 2 (tagged fields at its end) goes
// with flexible versions, version 1 with all others; the client id is never compact (KIP-482).
import { apiCodecs, apiNames, type ApiMessages, type ApiName } from './apis.gen.ts'
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

export interface RequestHeader {
  /** Undefined when this codec does not know the api key: then nothing after it was read. */
  readonly api: ApiName | undefined
  readonly apiKey: number
  /** Not checked: `isSupported` says whether the message can be read. */
  readonly apiVersion: number
  readonly isSupported: boolean
  readonly correlationId: number
  readonly clientId: string | null
}

/** Reads the header and leaves the reader at the message. Throws CodecError. */
export function readRequestHeader(reader: WireReader): RequestHeader {
  reader.isFlexible = false
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const api = apiNames.get(apiKey)
  if (api === undefined) {
    return { api, apiKey, apiVersion, isSupported: false, correlationId, clientId: null }
  }
  const codec = apiCodecs[api]
  const clientId = reader.nullableString()
  reader.isFlexible = apiVersion >= codec.flexibleVersionMin
  if (reader.isFlexible) reader.skipTags()
  const isSupported = apiVersion >= codec.versionMin && apiVersion <= codec.versionMax
  return { api, apiKey, apiVersion, isSupported, correlationId, clientId }
}

/**
 * Reads the message after `readRequestHeader`. The version must be a supported one. Bytes in it are
 * views of the reader's buffer. Throws CodecError. Bytes after the last field are left alone, as
 * Kafka does.
 */
export function readRequest<Name extends ApiName>(
  api: Name,
  reader: WireReader,
  version: number,
): ApiMessages[Name]['request'] {
  return apiCodecs[api].readRequest(reader, version)
}

/** A whole request as a client sends it, in parts. */
export function encodeRequest<Name extends ApiName>(
  writer: WireWriter,
  header: {
    readonly api: Name
    readonly apiVersion: number
    readonly correlationId: number
    readonly clientId: string | null
  },
  request: ApiMessages[Name]['request'],
): readonly Buffer[] {
  const codec = apiCodecs[header.api]
  writer.start()
  writer.int16(codec.key)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  writer.nullableString(header.clientId)
  writer.isFlexible = header.apiVersion >= codec.flexibleVersionMin
  if (writer.isFlexible) writer.noTags()
  codec.writeRequest(writer, request, header.apiVersion)
  return writer.finish()
}
