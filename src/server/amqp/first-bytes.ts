// The first bytes of an AMQP connection: a protocol header. Who speaks something else, or another version, is told
// in its own words.
import type { Socket } from 'node:net'
import type { FrameReader } from '../../codec/amqp/frame.ts'
import { parseProtocolHeader, PROTOCOL_HEADER_SIZE } from '../../codec/amqp/protocol-header.ts'
import type { Logger } from '../../lib/logger.ts'
import { warnIfTls } from '../tls-failure.ts'
import { ForeignClient } from './foreign-client.ts'

export interface FirstBytesParts {
  readonly reader: FrameReader
  readonly socket: Socket
  readonly remoteAddress: string
  readonly logger: Logger
}

/** 'refused': everything was said, and the connection ends once its client has it. */
export type FirstBytesResult = 'incomplete' | 'accepted' | 'refused'

export class FirstBytes {
  readonly #parts: FirstBytesParts
  #foreignClient: ForeignClient | undefined

  constructor(parts: FirstBytesParts) {
    this.#parts = parts
  }

  /** To be called with each more that has come, until it is not 'incomplete'. */
  read(): FirstBytesResult {
    const { reader, socket } = this.#parts
    if (this.#foreignClient !== undefined) return this.#tellForeign(this.#foreignClient)
    if (!reader.nextRaw(PROTOCOL_HEADER_SIZE)) return 'incomplete'
    this.#foreignClient = ForeignClient.find(reader, socket)
    if (this.#foreignClient !== undefined) return this.#tellForeign(this.#foreignClient)
    const header = parseProtocolHeader(reader.buffer, reader.start)
    if (header.accepted) return 'accepted'
    this.#tellIfTls()
    socket.end(header.answer)
    return 'refused'
  }

  #tellForeign(client: ForeignClient): FirstBytesResult {
    const { reader, remoteAddress: remote, logger } = this.#parts
    if (!client.answer(reader)) return 'incomplete'
    const { protocol } = client
    logger.warn({ remote, protocol }, `A client was refused: it speaks ${protocol}`)
    return 'refused'
  }

  #tellIfTls(): void {
    const { reader, remoteAddress, logger } = this.#parts
    warnIfTls(reader.buffer.subarray(reader.start), { remoteAddress, port: 'AMQP' }, logger)
  }
}
