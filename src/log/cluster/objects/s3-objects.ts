// Objects in an S3 API: Amazon's, or any store that speaks it. Nothing is asked of it that stores differ in: no
// conditional writes, no deletion of many at once, no checksum that it must know. What was put is read again where
// the store does not say its checksum.
import { crc32c } from '../../../lib/crc32c.ts'
import { WorkGate } from '../../../lib/work-gate.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { DiskError } from '../../file/disk-error.ts'
import type { ObjectAddress } from './object-address.ts'
import type {
  ListRange,
  ObjectFacts,
  ObjectPage,
  ObjectSource,
  ObjectStore,
  PutObject,
  RequestLimits,
} from './object-store.ts'
import { patientObjects } from './patient-objects.ts'
import { RequestPatience, type PatienceOptions } from './request-patience.ts'
import { readBody } from './s3-body.ts'
import { isGone, isNotFound } from './s3-error.ts'
import { type S3Credentials, S3Requests, type Sdk } from './s3-requests.ts'
import { toBase64, upload, type UploadParts } from './s3-upload.ts'

export interface S3ObjectsOptions extends PatienceOptions {
  readonly address: ObjectAddress
  /** Left out, those that the SDK finds: variables, files, or the machine's role. */
  readonly credentials?: S3Credentials | undefined
  /** How long a try may take that carries nothing; left out, the limit. */
  readonly requestMsMax?: number | undefined
  /** A larger object goes in parts; left out, the limit. S3 takes none below 5 MiB. */
  readonly partSizeMin?: number | undefined
}

/** Opens the objects of an address: with patience, so only the limits that a caller gives end a call. */
export async function openS3Objects(options: S3ObjectsOptions): Promise<ObjectStore> {
  const sdk = await import('@aws-sdk/client-s3')
  const { address, clock, credentials, requestMsMax } = options
  const patience = new RequestPatience(options)
  const region = address.region ?? (await regionOf(sdk))
  const requests = new S3Requests({ sdk, address, region, clock, credentials, requestMsMax })
  const { partSizeMin = objectLimits.partSizeMin } = options
  const gate = new WorkGate(objectLimits.partsAtOnceMax)
  const { bucket } = address
  const objects = new S3Objects({ requests, bucket, gate, patience, partSizeMin }, address.prefix)
  return patientObjects(objects, patience)
}

/** What Amazon's own tools would take, or the one that stores without regions take. */
async function regionOf(sdk: Sdk): Promise<string> {
  const client = new sdk.S3Client({})
  try {
    return await client.config.region()
  } catch {
    return 'us-east-1'
  } finally {
    client.destroy()
  }
}

class S3Objects implements ObjectStore {
  readonly #requests: S3Requests
  readonly #parts: UploadParts
  readonly #prefix: string
  readonly #deletes = new WorkGate(objectLimits.deletesAtOnceMax)

  constructor(parts: UploadParts, prefix: string) {
    this.#requests = parts.requests
    this.#parts = parts
    this.#prefix = prefix
  }

  async put(key: string, source: ObjectSource, limits?: RequestLimits): Promise<PutObject> {
    const put = await upload(this.#parts, { key: this.#prefix + key, source, limits })
    await this.#prove(key, put, limits)
    return { size: put.size, crc32c: put.crc32c }
  }

  async getRange(key: string, from: number, size: number, limits?: RequestLimits): Promise<Buffer> {
    if (size === 0) return Buffer.alloc(0)
    const { sdk, client } = this.#requests
    const name = `get ${key}`
    const command = new sdk.GetObjectCommand({
      ...this.#at(key),
      Range: `bytes=${from}-${from + size - 1}`,
    })
    return this.#requests.run({ name, limits, size }, async (abortSignal) => {
      const output = await client.send(command, { abortSignal })
      return readBody({ name, output, from, size }, abortSignal)
    })
  }

  async head(key: string, limits?: RequestLimits): Promise<ObjectFacts | undefined> {
    const found = await this.#headOrNothing(key, limits)
    if (found !== undefined) return factsOf(key, found)
    // An answer without a body may be anybody's: only a list is the store's own word.
    const { objects } = await this.list(key, { ...limits, countMax: 1 })
    if (objects[0]?.key !== key) return undefined
    throw new DiskError('io', `head ${key}: the store lists it and does not know it`)
  }

  async list(prefix: string, range: ListRange = {}): Promise<ObjectPage> {
    const { sdk, client } = this.#requests
    const { after, countMax = objectLimits.listedMax } = range
    const name = `list ${prefix}`
    const command = new sdk.ListObjectsV2Command({
      Bucket: this.#parts.bucket,
      Prefix: this.#prefix + prefix,
      MaxKeys: countMax,
      ...(after === undefined ? {} : { StartAfter: this.#prefix + after }),
    })
    let storeTime = Number.NaN
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args)
        storeTime = dateOf(result.response)
        return result
      },
      { step: 'deserialize', name: 'dateOfAnswer' },
    )
    const output = await this.#requests.run({ name, limits: range }, (abortSignal) =>
      client.send(command, { abortSignal }),
    )
    if (Number.isNaN(storeTime)) throw new DiskError('io', `${name}: an answer without a date`)
    const objects = (output.Contents ?? []).map((entry) =>
      factsOf((entry.Key ?? '').slice(this.#prefix.length), {
        ContentLength: entry.Size,
        LastModified: entry.LastModified,
      }),
    )
    const next = output.IsTruncated === true ? objects.at(-1)?.key : undefined
    return { objects, storeTime, next }
  }

  async delete(keys: readonly string[], limits?: RequestLimits): Promise<void> {
    const { sdk, client } = this.#requests
    const deleting = keys.map((key) =>
      this.#deletes.run(async () => {
        const command = new sdk.DeleteObjectCommand(this.#at(key))
        await this.#requests.run({ name: `delete ${key}`, limits }, (abortSignal) =>
          client.send(command, { abortSignal }),
        )
      }),
    )
    const results = await Promise.allSettled(deleting)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason as Error
  }

  close(): void {
    this.#requests.close()
  }

  /** Asks the store what it has: an upload may succeed with other bytes than ours, or none. */
  async #prove(key: string, put: PutObject, limits?: RequestLimits): Promise<void> {
    // Tried again alone, so that not all bytes are sent again because of it.
    const found = await this.#parts.patience.run({
      name: `head ${key}`,
      limits,
      attempt: () => this.#headOrNothing(key, limits),
    })
    if (found === undefined) throw new DiskError('io', `put ${key}: it is not there`)
    if (found.ContentLength !== put.size) {
      const message = `put ${key}: the store has ${found.ContentLength} bytes of ${put.size}`
      throw new DiskError('io', message)
    }
    const { ChecksumCRC32C: known } = found
    // A checksum of the parts' checksums says nothing about the whole.
    const isOfAll = known !== undefined && !known.includes('-')
    const isProved = isOfAll
      ? known === toBase64(put.crc32c)
      : (await this.#readChecksum(key, put.size, limits)) === put.crc32c
    if (!isProved) throw new DiskError('io', `put ${key}: the store has other bytes`)
  }

  async #readChecksum(key: string, size: number, limits?: RequestLimits): Promise<number> {
    let crc = crc32c(Buffer.alloc(0))
    for (let from = 0; from < size; from += objectLimits.partSizeMin) {
      const count = Math.min(objectLimits.partSizeMin, size - from)
      const attempt = (): Promise<Buffer> => this.getRange(key, from, count, limits)
      const request = { name: `read again ${key}`, limits, attempt, isFinal: isGone }
      const bytes = await this.#parts.gate.run(() => this.#parts.patience.run(request))
      crc = crc32c(bytes, crc)
    }
    return crc
  }

  async #headOrNothing(key: string, limits?: RequestLimits): Promise<HeadOutput | undefined> {
    const { sdk, client } = this.#requests
    const command = new sdk.HeadObjectCommand({ ...this.#at(key), ChecksumMode: 'ENABLED' })
    return this.#requests.run({ name: `head ${key}`, limits }, async (abortSignal) => {
      try {
        return await client.send(command, { abortSignal })
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw error
      }
    })
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#parts.bucket, Key: this.#prefix + key }
  }
}

interface HeadOutput {
  readonly ContentLength?: number | undefined
  readonly LastModified?: Date | undefined
  readonly ChecksumCRC32C?: string | undefined
}

function factsOf(key: string, { ContentLength, LastModified }: HeadOutput): ObjectFacts {
  if (ContentLength === undefined || LastModified === undefined) {
    throw new DiskError('io', `${key}: the store says neither its size nor its age`)
  }
  return { key, size: ContentLength, modifiedAt: LastModified.getTime() }
}

/** When the store answered, by its own clock; not a number when it does not say. */
function dateOf(response: unknown): number {
  const { headers = {} } = response as { headers?: Readonly<Record<string, string>> }
  return Date.parse(headers['date'] ?? '')
}
