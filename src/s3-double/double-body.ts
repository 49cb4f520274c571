// The body of a request to the S3 double, written to a file as it comes, with its checksums.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { crc32c } from '../lib/crc32c.ts'
import { DoubleError } from './double-error.ts'

/** Bytes in a file. */
export interface StoredBytes {
  readonly file: string
  readonly size: number
  /** In hexadecimal. */
  readonly md5: string
  readonly crc32c: number
}

/**
 * Stores a body in a new file at `path`. Rejects when its length is not what the request says, nor its checksum where
 * that is looked at.
 */
export async function storeBody(
  request: IncomingMessage,
  path: string,
  knowsChecksums: boolean,
): Promise<Omit<StoredBytes, 'file'>> {
  const { headers } = request
  if (headers['content-encoding']?.includes('aws-chunked') === true) {
    throw new DoubleError(501, 'NotImplemented', 'a body in signed chunks')
  }
  const md5 = createHash('md5')
  let crc = 0
  let size = 0
  const handle = await open(path, 'wx')
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      md5.update(chunk)
      crc = crc32c(chunk, crc)
      await handle.write(chunk, 0, chunk.length, size)
      size += chunk.length
    }
  } finally {
    await handle.close()
  }
  if (headers['content-length'] !== undefined && Number(headers['content-length']) !== size) {
    throw new DoubleError(400, 'IncompleteBody', 'the body is not as long as it says')
  }
  const said = headers['x-amz-checksum-crc32c']
  if (knowsChecksums && said !== undefined && said !== base64Of(crc)) {
    throw new DoubleError(400, 'BadDigest', 'the CRC-32C is not that of the body')
  }
  return { size, md5: md5.digest('hex'), crc32c: crc }
}

/** A short body as text. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** A CRC-32C as S3 writes it. */
export function base64Of(crc: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes.toString('base64')
}
