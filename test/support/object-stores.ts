// Stores of objects, as tests open them: in memory, over the S3 double, and over the S3 of PABAL_TEST_S3 when there is
// one (an address as of `parseObjectAddress`; credentials come from the variables of the SDK).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { objectLimits } from '../../src/limits/objects.ts'
import { KiB } from '../../src/limits/units.ts'
import {
  type ObjectAddress,
  parseObjectAddress,
} from '../../src/log/cluster/objects/object-address.ts'
import type { ObjectStore } from '../../src/log/cluster/objects/object-store.ts'
import { patientObjects } from '../../src/log/cluster/objects/patient-objects.ts'
import {
  RequestPatience,
  type RequestTrouble,
} from '../../src/log/cluster/objects/request-patience.ts'
import { openS3Objects } from '../../src/log/cluster/objects/s3-objects.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { MemoryObjects } from '../../src/testing/memory-objects.ts'

export interface StoreUnderTest {
  readonly objects: ObjectStore
  close(): Promise<void>
}

export interface StoreKind {
  readonly name: string
  /** Larger objects go in parts. */
  readonly partSize: number
  open(): Promise<StoreUnderTest>
}

/** A store over a double that can be told to do wrong. */
export interface DoubleUnderTest extends StoreUnderTest {
  readonly double: S3Double
  /** Tries that failed. */
  readonly troubles: RequestTrouble[]
}

export interface DoubleUnderTestOptions {
  readonly knowsChecksums?: boolean
  readonly requestMsMax?: number
  readonly buckets?: readonly string[]
}

/** Small, so that tests have little to do. */
export const partSize: number = 256 * KiB

const credentials = { accessKeyId: 'anybody', secretAccessKey: 'anything' }

export async function openOverDouble(
  options: DoubleUnderTestOptions = {},
): Promise<DoubleUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'pabal-s3-'))
  const { requestMsMax, ...others } = options
  const double = await S3Double.open({
    folder,
    clock: systemClock,
    random: systemRandom,
    ...others,
  })
  const troubles: RequestTrouble[] = []
  const objects = await openS3Objects({
    address: parseObjectAddress(`s3://bucket/cluster?endpoint=${double.url}`),
    credentials,
    clock: systemClock,
    random: systemRandom,
    requestMsMax,
    partSizeMin: partSize,
    onTrouble: (trouble) => troubles.push(trouble),
  })
  return {
    objects,
    double,
    troubles,
    async close() {
      objects.close()
      await double.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Every kind of store that is there. */
export function storeKinds(): StoreKind[] {
  const memory = {
    name: 'memory',
    partSize,
    open: () => {
      const store = new MemoryObjects({ clock: systemClock })
      const patience = new RequestPatience({ clock: systemClock, random: systemRandom })
      const objects = patientObjects(store, patience)
      return Promise.resolve({ objects, close: () => Promise.resolve() })
    },
  }
  const kinds: StoreKind[] = [
    memory,
    { name: 'S3 double', partSize, open: () => openOverDouble() },
    {
      name: 'S3 double without checksums',
      partSize,
      open: () => openOverDouble({ knowsChecksums: false }),
    },
  ]
  const address = process.env['PABAL_TEST_S3']
  if (address !== undefined) {
    const { partSizeMin } = objectLimits
    kinds.push({ name: address, partSize: partSizeMin, open: () => openReal(address) })
  }
  return kinds
}

/** A real store, under a prefix that nobody else has. */
async function openReal(text: string): Promise<StoreUnderTest> {
  const address = parseObjectAddress(text)
  await createBucket(address)
  const prefix = `${address.prefix}test-${systemRandom.bytes(6).toString('hex')}/`
  const objects = await openS3Objects({
    address: { ...address, prefix },
    clock: systemClock,
    random: systemRandom,
  })
  return {
    objects,
    async close() {
      const { objects: left } = await objects.list('')
      await objects.delete(left.map(({ key }) => key))
      objects.close()
    },
  }
}

/** A store that was just started has none. */
async function createBucket({
  bucket,
  endpoint,
  region = 'us-east-1',
}: ObjectAddress): Promise<void> {
  if (endpoint === undefined) return
  const client = new S3Client({ endpoint, region, forcePathStyle: true })
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } catch (error) {
    const { name } = error as Error
    if (name !== 'BucketAlreadyOwnedByYou' && name !== 'BucketAlreadyExists') throw error
  } finally {
    client.destroy()
  }
}
