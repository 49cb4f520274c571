import type { ApiMessages, ApiName } from './apis.gen.ts'
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

/** How the two messages of one API are read and written. Versions are those of Kafka 4.3. */
export interface ApiCodec<Name extends ApiName> {
  readonly name: Name
  readonly key: number
  readonly versionMin: number
  readonly versionMax: number
  /** First version with compact lengths and tagged fields (KIP-482); Infinity when none has. */
  readonly flexibleVersionMin: number
  readonly readRequest: (reader: WireReader, version: number) => ApiMessages[Name]['request']
  readonly writeRequest: (
    writer: WireWriter,
    request: ApiMessages[Name]['request'],
    version: number,
  ) => void
  readonly readResponse: (reader: WireReader, version: number) => ApiMessages[Name]['response']
  readonly writeResponse: (
    writer: WireWriter,
    response: ApiMessages[Name]['response'],
    version: number,
  ) => void
}

export type ApiCodecs = { readonly [Name in ApiName]: ApiCodec<Name> }
