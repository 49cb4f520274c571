import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

/** How the two messages of one API are read and written. Versions are those of Kafka 4.3. */
export interface ApiCodec<Name extends string, Request, Response> {
  readonly name: Name
  readonly key: number
  readonly versionMin: number
  readonly versionMax: number
  /** First version with compact lengths and tagged fields (KIP-482); Infinity when none has. */
  readonly flexibleVersionMin: number
  readonly readRequest: (reader: WireReader, version: number) => Request
  readonly writeRequest: (writer: WireWriter, request: Request, version: number) => void
  readonly readResponse: (reader: WireReader, version: number) => Response
  readonly writeResponse: (writer: WireWriter, response: Response, version: number) => void
}
