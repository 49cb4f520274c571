// What an error of the S3 client means for a cell.
import { DiskError, type DiskErrorKind } from '../../file/disk-error.ts'

/** Fields of the client's errors that matter; any of them may be missing. */
interface S3Failure {
  readonly name?: string
  readonly message?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** By the code that the store gave. A status alone may come from a proxy in between, and is 'io'. */
const kindOfCode: Readonly<Record<string, DiskErrorKind>> = {
  NoSuchKey: 'missing',
  NoSuchUpload: 'missing',
  NoSuchBucket: 'hopeless',
  AccessDenied: 'hopeless',
  AllAccessDisabled: 'hopeless',
  AccountProblem: 'hopeless',
  InvalidAccessKeyId: 'hopeless',
  InvalidBucketName: 'hopeless',
  SignatureDoesNotMatch: 'hopeless',
  NotSignedUp: 'hopeless',
  CredentialsProviderError: 'hopeless',
  QuotaExceeded: 'full',
  XMinioStorageFull: 'full',
  XMinioAdminBucketQuotaExceeded: 'full',
  InsufficientStorage: 'full',
}

/** What whoever sets a cluster up does about it. */
const adviceOnCode: Readonly<Record<string, string>> = {
  CredentialsProviderError:
    'give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (AWS_PROFILE), or the machine a role',
  NoSuchBucket: 'make the bucket, or name another one in the address',
  AccessDenied: 'give the credentials the rights that docs/cluster.md lists',
}

/** The error of a try as one of a disk. `request` says what was tried. */
export function s3Error(request: string, error: unknown): DiskError {
  if (error instanceof DiskError) return error
  const { name = 'error', message = '', code, $metadata } = (error ?? {}) as S3Failure
  const status = $metadata?.httpStatusCode
  const details = [status, code ?? name, message].filter(
    (part) => part !== undefined && part !== '',
  )
  const advice = adviceOnCode[name] === undefined ? '' : `; ${adviceOnCode[name]}`
  const text = `${request}: ${details.join(' ')}${advice}`
  return new DiskError(kindOfCode[name] ?? 'io', text, { cause: error, place: 'objects' })
}

/** A HEAD has no body, so its error has no code: this is all that is known. */
export function isNotFound(error: unknown): boolean {
  return (error as S3Failure | undefined)?.$metadata?.httpStatusCode === 404
}

/** The store does not take it as it is: the same request again is no use. */
export function isRefused(error: DiskError): boolean {
  return (error.cause as S3Failure | undefined)?.$metadata?.httpStatusCode === 400
}

/** What was named is not there: an object, or an upload that goes on. */
export function isGone(error: unknown): error is DiskError {
  return error instanceof DiskError && error.kind === 'missing'
}
