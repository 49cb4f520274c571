// What a cell asks of the store of its objects: bytes under a name that are written once, read by ranges and
// deleted. `s3-objects.ts` is one over an S3 API, `MemoryObjects` in src/testing one for tests. Each call is one
// try, which does what it says or fails with a `DiskError`; `patient-objects.ts` tries again.

/** Bytes to put, read a piece at a time, perhaps several times over: a try that failed begins again. */
export interface ObjectSource {
  readonly size: number
  /** Exactly `size` bytes from `from` on; they do not change. */
  read(from: number, size: number): Promise<Buffer>
}

/** How far a request may go. */
export interface RequestLimits {
  /** Whoever asked has given up: the request fails as soon as this is aborted. */
  readonly signal?: AbortSignal | undefined
  /** With patience: for so long a request is tried again, and no new try begins after it. Left out, for ever. */
  readonly patienceMs?: number | undefined
}

/** What was put. */
export interface PutObject {
  readonly size: number
  /** Of all bytes, unsigned. */
  readonly crc32c: number
}

/** What the store says of an object. */
export interface ObjectFacts {
  readonly key: string
  readonly size: number
  /** By the store's clock, in milliseconds since the Unix epoch. Large objects may count from their first part. */
  readonly modifiedAt: number
}

/** Objects in the order of their keys' UTF-8 bytes. */
export interface ObjectPage {
  readonly objects: readonly ObjectFacts[]
  /** The store's own clock when it answered, comparable with `modifiedAt`. */
  readonly storeTime: number
  /** Give it to get the next page; undefined when this is the last one. */
  readonly next: string | undefined
}

/** What part of the objects to list. */
export interface ListRange extends RequestLimits {
  /** `next` of the page before. */
  readonly after?: string | undefined
  /** At most so many; the store may give fewer. */
  readonly countMax?: number | undefined
}

/**
 * Objects never change: a key is used once (`objectKey`). Errors are `DiskError`s: 'missing' only when the store
 * itself said that it has no such key, 'hopeless' when it refuses us (no such bucket, no right), 'full' at a
 * quota, 'io' for everything else.
 */
export interface ObjectStore {
  /**
   * The object holds exactly these bytes, and can be read, when it resolves: the store was asked for their length
   * and their checksum after it took them. The same bytes may be put again under their key.
   */
  put(key: string, source: ObjectSource, limits?: RequestLimits): Promise<PutObject>
  /** Exactly `size` bytes from `from` on, which must lie in the object: fewer are an error, never an end. */
  getRange(key: string, from: number, size: number, limits?: RequestLimits): Promise<Buffer>
  /** Undefined when the store says that it has no such object. */
  head(key: string, limits?: RequestLimits): Promise<ObjectFacts | undefined>
  list(prefix: string, range?: ListRange): Promise<ObjectPage>
  /** What is not there is deleted already. */
  delete(keys: readonly string[], limits?: RequestLimits): Promise<void>
  /** Ends what is under way. */
  close(): void
}
