import { z } from 'zod'
import { type Operation, operation } from '../api/operation.ts'

export const whoAmIOperation: Operation = operation({
  method: 'get',
  path: '/whoami',
  where: 'node',
  tag: 'Users',
  summary: 'Who is logged in',
  access: 'management',
  answers: {
    200: z.object({
      name: z.string(),
      tags: z.array(z.string()),
      is_internal_user: z.boolean().describe('False for who came with a token'),
    }),
  },
  handle({ caller: { principal } }) {
    const { user, tags, token } = principal
    return { name: user, tags, is_internal_user: token === undefined }
  },
})
