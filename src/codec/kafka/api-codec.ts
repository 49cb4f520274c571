// How the messages of Kafka's APIs are read and written. What few clients ask for is loaded late: everything about
// such an API but its messages is known before.
import { Late } from '../../lib/late.ts'
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

/** What is known of an API before anything of it is read. Versions are those of Kafka 4.3. */
export interface ApiFacts<Name extends string> {
  readonly name: Name
  readonly key: number
  readonly versionMin: number
  readonly versionMax: number
  /** First version with compact lengths and tagged fields (KIP-482); Infinity when none has. */
  readonly flexibleVersionMin: number
}

/** How the two messages of one API are read and written. */
export interface MessageCodec<Request, Response> {
  readonly readRequest: (reader: WireReader, version: number) => Request
  readonly writeRequest: (writer: WireWriter, request: Request, version: number) => void
  readonly readResponse: (reader: WireReader, version: number) => Response
  readonly writeResponse: (writer: WireWriter, response: Response, version: number) => void
}

export interface ApiCodec<Name extends string, Request, Response>
  extends ApiFacts<Name>, MessageCodec<Request, Response> {
  /** To be loaded before a message is read or written; undefined where they are there from the start. */
  readonly late: Late<MessageCodec<Request, Response>> | undefined
}

/** An API whose messages are there when they have been loaded. */
export function lateCodec<Name extends string, Request, Response>(
  facts: ApiFacts<Name>,
  open: () => Promise<MessageCodec<Request, Response>>,
): ApiCodec<Name, Request, Response> {
  const late = new Late(open)
  return {
    ...facts,
    late,
    readRequest: (reader, version) => late.value.readRequest(reader, version),
    writeRequest: (writer, request, version) => late.value.writeRequest(writer, request, version),
    readResponse: (reader, version) => late.value.readResponse(reader, version),
    writeResponse: (writer, response, version) =>
      late.value.writeResponse(writer, response, version),
  }
}
