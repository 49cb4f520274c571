// Where the objects of a cluster are: `s3://bucket/prefix?endpoint=http://host:9000&region=eu-west-1&path-style=true`.

/** A bucket, or a part of it, and where its store answers. */
export interface ObjectAddress {
  readonly bucket: string
  /** What all keys begin with: empty, or ends with a slash. */
  readonly prefix: string
  /** Another store than Amazon's. */
  readonly endpoint: string | undefined
  /** Left out, where Amazon's own tools find it (`AWS_REGION`, a profile). */
  readonly region: string | undefined
  /** The bucket stands in the path and not in the name of the host, as most stores of one's own want it. */
  readonly isPathStyle: boolean
}

const parameters: readonly string[] = ['endpoint', 'region', 'path-style']

/**
 * Reads an address. Without an endpoint it is Amazon's. With one, the path style is what is meant unless the
 * address says otherwise.
 * @throws Error that says what is wrong with it.
 */
export function parseObjectAddress(text: string): ObjectAddress {
  const url = parseUrl(text)
  const endpoint = url.searchParams.get('endpoint') ?? undefined
  const isPathStyle = url.searchParams.get('path-style') ?? String(endpoint !== undefined)
  if (isPathStyle !== 'true' && isPathStyle !== 'false') {
    throw new Error(`${text}: path-style is true or false`)
  }
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint)) {
    throw new Error(`${text}: the endpoint is a URL such as http://host:9000`)
  }
  const path = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, '')
  return {
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    region: url.searchParams.get('region') ?? undefined,
    isPathStyle: isPathStyle === 'true',
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol !== 's3:' || url.hostname === '') {
    throw new Error(`${text} is no address of objects: write s3://bucket/prefix`)
  }
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name)) {
      throw new Error(`${text} has "${name}": what it can have are ${parameters.join(', ')}`)
    }
  }
  return url
}
