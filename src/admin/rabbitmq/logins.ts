// Logins: what RabbitMQ's own page asks for before its user is known, and hashes of passwords.
import type { Context } from 'hono'
import { z } from 'zod'
import { hashPassword } from '../../auth/password-hash.ts'
import type { ManagementParts } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { type CallerOptions, socketOf } from '../callers.ts'

const tag = 'Logins'

const formType = 'application/x-www-form-urlencoded'

export function loginOperations(
  { broker }: Pick<ManagementParts, 'broker'>,
  { authenticate }: Pick<CallerOptions, 'authenticate'>,
): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/auth',
      where: 'node',
      tag,
      summary: "How to log in to RabbitMQ's management page: by name and password",
      access: 'open',
      answers: { 200: z.object({ oauth_enabled: z.literal(false) }) },
      handle: () => ({ oauth_enabled: false }),
    }),
    operation({
      method: 'get',
      path: '/auth/hash_password/{password}',
      where: 'node',
      tag,
      summary: 'The hash of a password, as users are made with',
      access: 'administrator',
      answers: { 200: z.object({ ok: z.string() }) },
      handle: ({ names }) => ({
        ok: hashPassword(Buffer.from(names.password), broker.random).passwordHash,
      }),
    }),
    operation({
      method: 'post',
      path: '/login',
      where: 'node',
      tag,
      summary:
        'Whether name and password of a form are right; a session begins at `/api/v1/session`',
      access: 'open',
      rawBody: {
        [formType]: {
          type: 'object',
          properties: { username: { type: 'string' }, password: { type: 'string' } },
          required: ['username', 'password'],
        },
      },
      answers: { 200: z.literal('ok'), 401: 'They are wrong' },
      async handle({ context }) {
        const { user, password } = await readForm(context)
        const socket = socketOf(context)
        const principal = socket && (await authenticate?.({ user, password }, socket))
        return principal === undefined
          ? context.json({ error: 'not_authorized', reason: 'Not_Authorized' }, 401)
          : context.json('ok')
      },
    }),
  ]
}

async function readForm({ req }: Context): Promise<{ user: string; password: string }> {
  const form = new URLSearchParams(await req.text())
  return { user: form.get('username') ?? '', password: form.get('password') ?? '' }
}
