// What the S3 double does with a request: which operation it is, and its answer. Path style, any credentials.
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import { base64Of, readText, storeBody, type StoredBytes } from './double-body.ts'
import { DoubleError, noSuchKey } from './double-error.ts'
import type { DoubleOperation } from './double-faults.ts'
import type { DoubleFiles, DoubleObject } from './double-files.ts'
import type { DoubleUploads } from './double-uploads.ts'
import { readXml, writeXml, type XmlElements } from './double-xml.ts'

export interface DoubleParts {
  readonly files: DoubleFiles
  readonly uploads: DoubleUploads
  readonly clock: Clock
  /** Undefined: every bucket is there. */
  readonly buckets: readonly string[] | undefined
  /** Checksums of the client are checked, and told of objects; stores of some years ago know none. */
  readonly knowsChecksums: boolean
}

/** A request, understood so far that a fault may be chosen for it. */
export interface DoubleRequest {
  readonly operation: DoubleOperation
  readonly bucket: string
  readonly key: string
  readonly query: URLSearchParams
  readonly request: IncomingMessage
  /** A fault: the bytes that are put do not get here. */
  readonly isEmptied: boolean
}

export interface DoubleAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Buffer | string
}

/** @throws DoubleError for what the double does not know. */
export function understand(request: IncomingMessage): DoubleRequest {
  const url = new URL(request.url ?? '/', 'http://double')
  const [, bucket = '', ...rest] = url.pathname.split('/')
  const key = decodeURIComponent(rest.join('/'))
  const operation = operationOf(request.method ?? '', key, url.searchParams)
  if (operation === undefined) {
    throw new DoubleError(501, 'NotImplemented', `${request.method} ${request.url}`)
  }
  return { operation, bucket, key, query: url.searchParams, request, isEmptied: false }
}

function operationOf(
  method: string,
  key: string,
  query: URLSearchParams,
): DoubleOperation | undefined {
  const isUpload = query.has('uploadId')
  if (key === '') {
    if (method === 'GET' && query.get('list-type') === '2') return 'list'
    return method === 'POST' && query.has('delete') ? 'delete' : undefined
  }
  switch (method) {
    case 'PUT':
      return isUpload ? 'part' : 'put'
    case 'POST':
      if (query.has('uploads')) return 'begin'
      return isUpload ? 'complete' : undefined
    case 'DELETE':
      return isUpload ? 'abandon' : 'delete'
    case 'GET':
      return 'get'
    case 'HEAD':
      return 'head'
    default:
      return undefined
  }
}

/** Does it. @throws DoubleError */
export async function answerTo(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  if (parts.buckets?.includes(wanted.bucket) === false) {
    throw new DoubleError(404, 'NoSuchBucket', 'The specified bucket does not exist')
  }
  return answers[wanted.operation](parts, wanted)
}

type Answering = (parts: DoubleParts, wanted: DoubleRequest) => DoubleAnswer | Promise<DoubleAnswer>

const answers: Readonly<Record<DoubleOperation, Answering>> = {
  put: putObject,
  begin: beginUpload,
  part: putPart,
  complete: completeUpload,
  abandon: abandonUpload,
  get: getObject,
  head: headObject,
  list: listObjects,
  delete: (parts, wanted) =>
    wanted.key === '' ? deleteObjects(parts, wanted) : deleteObject(parts, wanted),
}

async function putObject(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  const { bucket, key } = wanted
  const stored = await storeRequest(parts, wanted)
  const etag = `"${stored.md5}"`
  await parts.files.add({
    bucket,
    key,
    size: stored.size,
    etag,
    crc32c: base64Of(stored.crc32c),
    modifiedAt: parts.clock.now(),
    file: stored.file,
  })
  return { status: 200, headers: { etag, ...checksumOf(parts, base64Of(stored.crc32c)) } }
}

async function storeRequest(parts: DoubleParts, wanted: DoubleRequest): Promise<StoredBytes> {
  const { files, knowsChecksums } = parts
  const file = files.newFile()
  try {
    const stored = await storeBody(wanted.request, files.pathOf(file), knowsChecksums)
    if (!wanted.isEmptied) return { ...stored, file }
  } catch (error) {
    await files.removeFile(file)
    throw error
  }
  await files.truncate(file)
  // What MD5 has for no bytes at all.
  return { file, size: 0, md5: 'd41d8cd98f00b204e9800998ecf8427e', crc32c: 0 }
}

function beginUpload(parts: DoubleParts, { bucket, key }: DoubleRequest): DoubleAnswer {
  const id = parts.uploads.begin(parts.clock.now())
  const elements = { Bucket: bucket, Key: key, UploadId: id }
  return xmlAnswer('InitiateMultipartUploadResult', elements)
}

async function putPart(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  const { query } = wanted
  const stored = await storeRequest(parts, wanted)
  const number = Number(query.get('partNumber'))
  await parts.uploads.addPart(query.get('uploadId') ?? '', number, stored)
  const checksum = checksumOf(parts, base64Of(stored.crc32c))
  return { status: 200, headers: { etag: `"${stored.md5}"`, ...checksum } }
}

async function completeUpload(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  const { bucket, key, query, request } = wanted
  const numbers = readXml(await readText(request), 'PartNumber').map(Number)
  const said = request.headers['x-amz-checksum-crc32c']
  const isRight = (crc32c: number): boolean =>
    !parts.knowsChecksums || said === undefined || said === base64Of(crc32c)
  const joined = await parts.uploads.complete(query.get('uploadId') ?? '', numbers, isRight)
  const { etag } = joined
  await parts.files.add({
    bucket,
    key,
    size: joined.size,
    etag,
    crc32c: base64Of(joined.crc32c),
    modifiedAt: joined.begunAt,
    file: joined.file,
  })
  const elements = { Bucket: bucket, Key: key, ETag: etag }
  return xmlAnswer('CompleteMultipartUploadResult', elements)
}

async function abandonUpload(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  await parts.uploads.abandon(wanted.query.get('uploadId') ?? '')
  return { status: 204 }
}

async function getObject(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  const object = findObject(parts, wanted)
  const range = wanted.request.headers.range
  if (range === undefined) {
    const body = await parts.files.read(object.file, 0, object.size)
    return { status: 200, headers: headersOf(parts, object), body }
  }
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? []
  const from = Number(first)
  const to = Math.min(last === '' ? Infinity : Number(last), object.size - 1)
  if (first === '' || from > to) {
    throw new DoubleError(416, 'InvalidRange', 'The requested range is not satisfiable')
  }
  const body = await parts.files.read(object.file, from, to - from + 1)
  const headers = {
    etag: object.etag,
    'last-modified': dateText(object.modifiedAt),
    'content-range': `bytes ${from}-${to}/${object.size}`,
  }
  return { status: 206, headers, body }
}

function headObject(parts: DoubleParts, wanted: DoubleRequest): DoubleAnswer {
  const object = findObject(parts, wanted)
  const headers = { ...headersOf(parts, object), 'content-length': object.size }
  return { status: 200, headers }
}

function findObject({ files }: DoubleParts, { bucket, key }: DoubleRequest): DoubleObject {
  const object = files.find(bucket, key)
  if (object === undefined) throw noSuchKey()
  return object
}

function headersOf(parts: DoubleParts, object: DoubleObject): Record<string, string> {
  return {
    etag: object.etag,
    'last-modified': dateText(object.modifiedAt),
    'accept-ranges': 'bytes',
    ...checksumOf(parts, object.crc32c),
  }
}

function checksumOf({ knowsChecksums }: DoubleParts, crc32c: string): Record<string, string> {
  if (!knowsChecksums) return {}
  return { 'x-amz-checksum-crc32c': crc32c, 'x-amz-checksum-type': 'FULL_OBJECT' }
}

function listObjects({ files }: DoubleParts, { bucket, query }: DoubleRequest): DoubleAnswer {
  const prefix = query.get('prefix') ?? ''
  const token = query.get('continuation-token')
  const after = token ?? query.get('start-after') ?? ''
  const countMax = Math.min(1000, Number(query.get('max-keys') ?? 1000))
  const found = files.list(bucket, { prefix, after, countMax: countMax + 1 })
  const page = found.slice(0, countMax)
  const isTruncated = found.length > countMax
  return xmlAnswer('ListBucketResult', {
    Name: bucket,
    Prefix: prefix,
    KeyCount: page.length,
    MaxKeys: countMax,
    IsTruncated: isTruncated,
    NextContinuationToken: isTruncated ? page.at(-1)?.key : undefined,
    Contents: page.map((object) => ({
      Key: object.key,
      LastModified: new Date(object.modifiedAt).toISOString(),
      ETag: object.etag,
      Size: object.size,
      StorageClass: 'STANDARD',
    })),
  })
}

async function deleteObject(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  await parts.files.remove(wanted.bucket, wanted.key)
  return { status: 204 }
}

async function deleteObjects(parts: DoubleParts, wanted: DoubleRequest): Promise<DoubleAnswer> {
  const keys = readXml(await readText(wanted.request), 'Key')
  for (const key of keys) await parts.files.remove(wanted.bucket, key)
  return xmlAnswer('DeleteResult', { Deleted: keys.map((key) => ({ Key: key })) })
}

function xmlAnswer(root: string, elements: XmlElements): DoubleAnswer {
  const headers = { 'content-type': 'application/xml' }
  return { status: 200, headers, body: writeXml(root, elements) }
}

/** As HTTP writes dates: in whole seconds. */
function dateText(at: number): string {
  return new Date(at).toUTCString()
}
