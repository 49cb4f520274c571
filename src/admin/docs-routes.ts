// Answers with the documentation, as its build left it: pages that need no login and nothing from elsewhere.
import type { Context } from 'hono'
import type { ApiVariables } from './api/api.ts'
import type { UiFiles } from './ui-files.ts'
import { sendUiFile } from './ui-routes.ts'

const unbuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Pabal docs</title>
<h1>The documentation has not been built.</h1>
<p>In a clone, <code>npm run build:docs</code> builds it; then load this page again. The same pages are in the folder <code>docs</code>.</p>
</html>
`

/** A page or a file of the documentation; undefined for a path of something else. */
export async function answerDocs(
  context: Context<ApiVariables>,
  files: UiFiles,
): Promise<Response | undefined> {
  const { method, path } = context.req
  if (method !== 'GET' && method !== 'HEAD') return undefined
  // Links are from page to page; a slash at the end has been taken away by now.
  if (path === '/docs') return context.redirect('/docs/index.html', 302)
  if (!path.startsWith('/docs/')) return undefined
  // A new build is seen here.
  if ((await files.page()) === undefined) return context.html(unbuilt, 503)
  const file = await files.find(path.slice('/docs'.length))
  if (file === undefined) return context.json({ error: 'not_found', reason: 'Not Found' }, 404)
  return sendUiFile(context, file, false)
}
