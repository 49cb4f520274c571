// The file of definitions that a request brings along.
import type { Context } from 'hono'

/** The body, or the file in its form; undefined for a form without one. */
export async function readDefinitionsFile(context: Context): Promise<Buffer | undefined> {
  const { req } = context
  if (!/^multipart\/form-data\b/i.test(req.header('content-type') ?? '')) {
    return Buffer.from(await req.arrayBuffer())
  }
  const form = await readForm(context)
  const field = form?.get('file') ?? undefined
  if (field === undefined) return undefined
  return typeof field === 'string' ? Buffer.from(field) : Buffer.from(await field.arrayBuffer())
}

/** Undefined for what is no form. */
async function readForm({ req }: Context): Promise<FormData | undefined> {
  try {
    return await req.formData()
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
