// Pages of other sites must not do anything with the login that a browser remembers (CSRF), nor begin what
// takes long, such as a backup. Browsers say where a request comes from; other programs say nothing, and have
// no login but the one that they send.

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface RequestOrigin {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  /** Of the header Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/). */
  readonly site: string | undefined
}

/** Whether a page of another site has sent it. Links may lead from there to pages, not into the API. */
export function isCrossSite({ method, path, host, origin, site }: RequestOrigin): boolean {
  if (safeMethods.has(method)) return site === 'cross-site' && path.startsWith('/api/')
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase()
}
