import type { ApiUnderTest, ApiUser } from './api-under-test.ts'

/** How an operation is called so that it succeeds, and what it is called with so that it does not. */
export interface Example {
  /** Of success. */
  readonly status: number
  /** For the names in braces; its virtual host is `/` unless it says another. */
  readonly names?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  /** JSON, or bytes. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Makes what the operation is about; called before each call. */
  readonly before?: (api: ApiUnderTest) => Promise<unknown>
  /** Who succeeds; the user with the fewest rights that `access` lets through, if it is left out. */
  readonly as?: ApiUser
  /**
   * What comes back where the last of the names stands for nothing: 404 unless it says otherwise, and
   * `none` where all names are good, as of what is made.
   */
  readonly missing?: 400 | 404 | 'none'
  /** Looks at the answer of success. */
  readonly check?: (json: never) => void
  /** Why random calls leave it out: the broker would not be there any more. */
  readonly isTheEnd?: true
}

/** By `METHOD /path`, as in the document but without `/api`. */
export type Examples = Readonly<Record<string, Example>>
