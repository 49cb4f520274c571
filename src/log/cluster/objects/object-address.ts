// Where the objects of a cluster are: `s3://bucket/prefix?endpoint=http://host:9000&region=eu-west-1&path-style=true`.

/** A bucket, or a part of it, and where its store answers. */
export interface ObjectAddress {
  readonly bucket: string
  /** What all keys begin with: empty, or ends with a slash. */
  readonly prefix: string
  /** Another store than Amazon's. */
  readonly endpoint: string | undefined
  readonly region: string
  /** The bucket stands in the path and not in the name of the host, as most stores of one's own want it. */
  readonly isPathStyle: boolean
}

const parameters: readonly string[] = ['endpoint', 'region', 'path-style']

/**
 * Reads an address. Without an endpoint it is Amazon's. With one, the path style is what is meant unless the
 * address says otherwise. The region is the address's, `regionDefault`, or the one that stores without regions take.
 * @throws Error that says what is wrong with it.
 */
export function parseObjectAddress(text: string, regionDefault = 'us-east-1'): ObjectAddress {
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
    region: url.searchParams.get('region') ?? regionDefault,
    isPathStyle: isPathStyle === 'true',
  }
}

/** What Amazon's own tools take for the region where none is named. */
export function regionIn(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION']
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
