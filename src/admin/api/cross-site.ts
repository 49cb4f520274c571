// Pages of other sites must not change anything with the login that a browser remembers (CSRF). Browsers say
// where a request comes from; other programs say nothing, and have no login but the one that they send.

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface RequestOrigin {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
  /** Of the header Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/). */
  readonly site: string | undefined
}

/** Whether a page of another site has sent it. */
export function isCrossSite({ method, host, origin, site }: RequestOrigin): boolean {
  if (safeMethods.has(method)) return false
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase()
}
