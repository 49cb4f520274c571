// Answers with the UI. It holds nothing secret and needs no login: what it shows it asks the API for.
import type { Context } from 'hono'
import type { ApiVariables } from './api/api.ts'
import { type Encoding, encodings, type UiFile, type UiFiles } from './ui-files.ts'

type UiContext = Context<ApiVariables>

/** Everything comes from the broker itself, so that no injected markup can run or send anything. */
export const uiPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ')

/** Paths that are never pages, whatever asks for them. */
const notPages = /^\/(?:api|docs|health|metrics|assets)(?:\/|$)/

const unbuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Pabal</title>
<h1>The broker runs. Its web pages have not been built.</h1>
<p>In a clone, <code>npm run build:ui</code> builds them; then load this page again. <code>npm start</code> builds them by itself.</p>
<p>The <a href="/api/openapi.json">HTTP API</a> works without them.</p>
</html>
`

/** A page or a file of the UI; undefined for what is none. */
export async function answerUi(context: UiContext, files: UiFiles): Promise<Response | undefined> {
  const { method, path } = context.req
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const file = path === '/' ? undefined : await files.find(path)
  if (file !== undefined) return sendUiFile(context, file, path.startsWith('/assets/'))
  if (!isPage(context)) return undefined
  const page = await files.page()
  if (page !== undefined) return sendUiFile(context, page, false)
  return path === '/' ? context.html(unbuilt, 503) : undefined
}

function isPage({ req }: UiContext): boolean {
  if (req.path === '/') return true
  if (req.path.includes('.') || notPages.test(req.path)) return false
  return req.header('accept')?.includes('text/html') === true
}

/** Answers with a file; `isHashed` says that its name changes with what is in it. */
export function sendUiFile(context: UiContext, file: UiFile, isHashed: boolean): Response {
  context.set('isUi', true)
  context.header('Vary', 'Accept-Encoding')
  context.header('ETag', file.etag)
  // The name of a hashed file says what is in it.
  const forever = 'public, max-age=31536000, immutable'
  context.header('Cache-Control', isHashed ? forever : 'no-cache')
  if (isKnown(context, file)) return context.body(null, 304)
  context.header('Content-Type', file.type)
  const encoding = encodingFor(context, file)
  const bytes = encoding === undefined ? file.bytes : file.compressed[encoding]
  if (encoding !== undefined) context.header('Content-Encoding', encoding)
  return context.body(bytes ?? file.bytes)
}

/** The client has it (RFC 9110, section 13.1.2). */
function isKnown({ req }: UiContext, { etag }: UiFile): boolean {
  const known = req.header('if-none-match')?.split(',') ?? []
  return known.some((each) => ['*', etag, etag.slice(2)].includes(each.trim()))
}

function encodingFor({ req }: UiContext, { compressed }: UiFile): Encoding | undefined {
  const accepted = (req.header('accept-encoding') ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => !/;\s*q=0(?:\.0*)?$/.test(each))
    .map((each) => each.replace(/;.*/, '').trim())
  return encodings.find((each) => compressed[each] !== undefined && accepted.includes(each))
}
