// How an object gets to S3: in one request, or in parts of which some are in memory at a time, and each with a
// CRC-32C that stores which know it check before they take the bytes. That it arrived is proved afterwards.
import { crc32c } from '../../../lib/crc32c.ts'
import type { WorkGate } from '../../../lib/work-gate.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { DiskError } from '../../file/disk-error.ts'
import { readSource, SourceError } from './object-source.ts'
import type { ObjectSource, PutObject, RequestLimits } from './object-store.ts'
import type { RequestPatience } from './request-patience.ts'
import { isGone, isRefused } from './s3-error.ts'
import type { S3Requests } from './s3-requests.ts'

export interface UploadParts {
  readonly requests: S3Requests
  readonly bucket: string
  /** Lets only so many bodies be in memory. */
  readonly gate: WorkGate
  /** A larger object goes in parts, at least as large as this. */
  readonly partSizeMin: number
  /** Parts are tried again one by one: all in one go, most uploads would fail at a store that is busy. */
  readonly patience: RequestPatience
}

export interface UploadRequest {
  /** With the bucket's prefix. */
  readonly key: string
  readonly source: ObjectSource
  readonly limits: RequestLimits | undefined
}

interface Part {
  readonly PartNumber: number
  readonly ETag: string | undefined
  readonly ChecksumCRC32C: string
}

interface Upload extends UploadRequest {
  readonly id: string
}

/** Sends an object; says what the store must have now. */
export function upload(parts: UploadParts, request: UploadRequest): Promise<PutObject> {
  const isSmall = request.source.size <= parts.partSizeMin
  return isSmall ? putAtOnce(parts, request) : putInParts(parts, request)
}

function putAtOnce(parts: UploadParts, request: UploadRequest): Promise<PutObject> {
  const { requests, bucket, gate } = parts
  const { key, source, limits } = request
  const { size } = source
  return gate.run(async () => {
    const bytes = await readSource(source, 0, size)
    const crc = crc32c(bytes)
    const command = new requests.sdk.PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: bytes,
      ContentLength: size,
      ChecksumCRC32C: toBase64(crc),
    })
    await requests.run({ name: `put ${key}`, limits, size }, (abortSignal) =>
      requests.client.send(command, { abortSignal }),
    )
    return { size, crc32c: crc }
  })
}

async function putInParts(parts: UploadParts, request: UploadRequest): Promise<PutObject> {
  const { requests, bucket, patience } = parts
  const { key, limits } = request
  const name = `begin ${key}`
  const begin = new requests.sdk.CreateMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    ChecksumAlgorithm: 'CRC32C',
    ChecksumType: 'FULL_OBJECT',
  })
  const { UploadId: id } = await requests.run({ name, limits }, (abortSignal) =>
    requests.client.send(begin, { abortSignal }),
  )
  if (id === undefined) throw new DiskError('io', `${name}: an answer without an upload's id`)
  const upload = { ...request, id }
  try {
    const sent = await sendParts(parts, upload)
    await patience.run({
      name: `complete ${key}`,
      limits,
      attempt: () => complete(parts, upload, sent),
      // A part is not what was sent: all of them are sent again.
      isFinal: isRefused,
    })
    return sent
  } catch (error) {
    abandon(parts, upload)
    // Another upload may still succeed.
    throw isGone(error) ? new DiskError('io', error.message, { cause: error }) : error
  }
}

interface SentParts extends PutObject {
  readonly parts: readonly Part[]
}

/** Reads the source in its order, which the checksum of the whole needs, and sends several parts at a time. */
async function sendParts(parts: UploadParts, upload: Upload): Promise<SentParts> {
  const { size } = upload.source
  const partSize = Math.max(parts.partSizeMin, Math.ceil(size / objectLimits.partsMax))
  const stop = new AbortController()
  let crc: number | undefined
  let reading: Promise<void> = Promise.resolve()
  const readInOrder = (from: number, count: number): Promise<Buffer> => {
    const read = reading.then(async () => {
      if (stop.signal.aborted) throw new SourceError('another part has failed')
      const bytes = await readSource(upload.source, from, count)
      crc = crc32c(bytes, crc)
      return bytes
    })
    reading = read.then(
      () => undefined,
      () => undefined,
    )
    return read
  }
  const sending: Promise<Part>[] = []
  for (let from = 0; from < size; from += partSize) {
    const count = Math.min(partSize, size - from)
    const number = sending.length + 1
    const sent = parts.gate.run(async () =>
      sendPart(parts, upload, { number, bytes: await readInOrder(from, count) }),
    )
    sent.catch(() => stop.abort())
    sending.push(sent)
  }
  const results = await Promise.allSettled(sending)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason as Error
  return { size, crc32c: crc ?? 0, parts: await Promise.all(sending) }
}

interface PartBytes {
  readonly number: number
  readonly bytes: Buffer
}

function sendPart(parts: UploadParts, upload: Upload, { number, bytes }: PartBytes): Promise<Part> {
  const { requests, bucket, patience } = parts
  const { key, limits } = upload
  const name = `put part ${number} of ${key}`
  const checksum = toBase64(crc32c(bytes))
  const attempt = async (): Promise<Part> => {
    const command = new requests.sdk.UploadPartCommand({
      Bucket: bucket,
      Key: key,
      UploadId: upload.id,
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumCRC32C: checksum,
    })
    const { ETag } = await requests.run({ name, limits, size: bytes.length }, (abortSignal) =>
      requests.client.send(command, { abortSignal }),
    )
    return { PartNumber: number, ETag, ChecksumCRC32C: checksum }
  }
  return patience.run({ name, limits, attempt, isFinal: isGone })
}

async function complete(parts: UploadParts, upload: Upload, sent: SentParts): Promise<void> {
  const { requests, bucket } = parts
  const { key, id, limits } = upload
  const command = new requests.sdk.CompleteMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    UploadId: id,
    ChecksumCRC32C: toBase64(sent.crc32c),
    ChecksumType: 'FULL_OBJECT',
    MultipartUpload: { Parts: [...sent.parts] },
  })
  try {
    await requests.run({ name: `complete ${key}`, limits }, (abortSignal) =>
      requests.client.send(command, { abortSignal }),
    )
  } catch (error) {
    // Completed by a try whose answer was lost, or not there any more: whoever proves what is stored finds out.
    if (!isGone(error)) throw error
  }
}

/** Parts of an upload that is not completed cost money. What cannot be said now a rule of the bucket cleans up. */
function abandon({ requests, bucket }: UploadParts, { key, id }: Upload): void {
  const command = new requests.sdk.AbortMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    UploadId: id,
  })
  const done = requests.run({ name: `abandon ${key}` }, (abortSignal) =>
    requests.client.send(command, { abortSignal }),
  )
  done.catch(() => undefined)
}

/** A checksum as S3 writes it. */
export function toBase64(crc: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes.toString('base64')
}
