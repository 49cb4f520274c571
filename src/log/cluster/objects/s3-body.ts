// What S3 answers a GET of a range with. Anything but exactly the bytes asked for is an error: a short answer that
// was taken for an end would lose messages.
import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { DiskError } from '../../file/disk-error.ts'

interface RangeAnswer {
  /** Of the request, for errors. */
  readonly name: string
  readonly output: GetObjectCommandOutput
  readonly from: number
  readonly size: number
}

export async function readBody(answer: RangeAnswer, signal: AbortSignal): Promise<Buffer> {
  const { name, output, from, size } = answer
  const body = output.Body as Readable | undefined
  if (body === undefined) throw new DiskError('io', `${name}: an answer without a body`)
  const onAbort = (): void => void body.destroy()
  signal.addEventListener('abort', onAbort)
  try {
    const said = output.ContentRange
    if (said?.startsWith(`bytes ${from}-${from + size - 1}/`) !== true) {
      throw new DiskError('io', `${name}: ${said ?? 'everything'} instead of ${size} from ${from}`)
    }
    return await readExactly(body, name, size)
  } finally {
    signal.removeEventListener('abort', onAbort)
    body.destroy()
  }
}

async function readExactly(body: Readable, name: string, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size)
  let count = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (count + chunk.length <= size) chunk.copy(bytes, count)
    count += chunk.length
    if (count > size) break
  }
  if (count !== size) throw new DiskError('io', `${name}: ${count} bytes instead of ${size}`)
  return bytes
}
