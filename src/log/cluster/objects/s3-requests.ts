// One request to S3 at a time: the client of the SDK with its own retries off, a time limit that holds whatever the
// client does, and errors that say what they mean for a cell.
import type * as clientS3 from '@aws-sdk/client-s3'
import type { Clock } from '../../../lib/clock.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { DiskError } from '../../file/disk-error.ts'
import type { ObjectAddress } from './object-address.ts'
import type { RequestLimits } from './object-store.ts'
import { s3Error } from './s3-error.ts'

/** The SDK, which is loaded only where there is a cluster. */
export type Sdk = typeof clientS3

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface S3RequestsOptions {
  readonly sdk: Sdk
  readonly address: ObjectAddress
  readonly region: string
  readonly clock: Clock
  /** Left out, those that the SDK finds: variables, files, or the machine's role. */
  readonly credentials?: S3Credentials | undefined
  /** How long a request may take that carries nothing. */
  readonly requestMsMax?: number | undefined
}

export interface S3Request {
  /** Such as "get c3/e17/…", for errors. */
  readonly name: string
  readonly limits?: RequestLimits | undefined
  /** Bytes that it carries there or back. */
  readonly size?: number | undefined
}

export class S3Requests {
  readonly client: clientS3.S3Client
  readonly sdk: Sdk
  readonly #clock: Clock
  readonly #requestMsMax: number
  readonly #closing = new AbortController()

  constructor(options: S3RequestsOptions) {
    const { sdk, address, region, clock, credentials, requestMsMax } = options
    const { connectionsMax, connectMsMax } = objectLimits
    this.sdk = sdk
    this.#clock = clock
    this.#requestMsMax = requestMsMax ?? objectLimits.requestMsMax
    const agent = { keepAlive: true, maxSockets: connectionsMax }
    this.client = new sdk.S3Client({
      region,
      ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      forcePathStyle: address.isPathStyle,
      // Retries are ours: with their pauses and alarms, and never with a body that was read already.
      maxAttempts: 1,
      // Other stores refuse the checksums that the client adds of its own accord. Ours are given where they matter.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // Not every store answers to that, and the client then waits for seconds.
      expectContinueHeader: false,
      requestHandler: {
        logger: silent,
        connectionTimeout: connectMsMax,
        httpAgent: agent,
        httpsAgent: agent,
      },
    })
    this.#leaveBodiesUnsigned()
  }

  /**
   * Signatures say nothing about bodies: the client would hash them with SHA-256 in one turn of the event loop, 8 MiB
   * in 5 to 20 ms. That they arrive is proved by checksums.
   */
  #leaveBodiesUnsigned(): void {
    this.client.middlewareStack.add(
      (next) => (args) => {
        const { method, headers } = args.request as Sent
        if (method === 'PUT') headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
        return next(args)
      },
      { step: 'build', name: 'unsignedBodies' },
    )
  }

  /** One try of `work`, which passes the signal on to the client. Rejects with a `DiskError`. */
  async run<T>(request: S3Request, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { name, limits, size = 0 } = request
    const stop = new AbortController()
    const giveUp = (reason: string): void => stop.abort(new DiskError('io', `${name}: ${reason}`))
    const msMax = this.#requestMsMax + (size / objectLimits.requestSpeedMin) * 1000
    const timer = this.#clock.after(msMax, () => giveUp(`no answer in ${Math.round(msMax)} ms`))
    const onAbort = (): void => giveUp('given up by whoever asked')
    const signals = [limits?.signal, this.#closing.signal]
    for (const signal of signals) signal?.addEventListener('abort', onAbort)
    if (signals.some((signal) => signal?.aborted === true)) onAbort()
    try {
      return await Promise.race([rejectOnAbort(stop.signal), work(stop.signal)])
    } catch (error) {
      // The client says only that it was aborted.
      throw s3Error(name, stop.signal.aborted ? stop.signal.reason : error)
    } finally {
      timer.stop()
      for (const signal of signals) signal?.removeEventListener('abort', onAbort)
    }
  }

  close(): void {
    this.#closing.abort()
    this.client.destroy()
  }
}

/** What the client sends. */
interface Sent {
  readonly method: string
  readonly headers: Record<string, string>
}

/** The client would write warnings of its own to the terminal. */
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** Whatever the client waits for (credentials, a name) it must not wait for ever. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
