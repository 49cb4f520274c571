// What a browser loads before it shows the first page.
import { get } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Page } from 'playwright-core'

export interface LoadedFile {
  readonly path: string
  /** Bytes as they are sent with gzip. */
  readonly size: number
}

/** The files that a page asked the broker for, without what the API answers. */
export async function filesLoaded(page: Page, load: () => Promise<void>): Promise<LoadedFile[]> {
  const urls = new Set<string>()
  page.on('request', (request) => urls.add(request.url()))
  await load()
  const files: LoadedFile[] = []
  for (const url of urls) {
    const { pathname } = new URL(url)
    if (!pathname.startsWith('/api/')) files.push({ path: pathname, size: await sizeOf(url) })
  }
  return files
}

function sizeOf(url: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asked = get(
    url,
    { headers: { 'accept-encoding': 'gzip', accept: 'text/html' } },
    (answer) => {
      buffer(answer).then(({ length }) => resolve(length), reject)
    },
  )
  asked.on('error', reject)
  return promise
}
