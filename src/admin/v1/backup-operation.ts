// A backup of all that the broker keeps, as a stream. It is `pabal backup` that makes a file of it: the list of
// checksums, without which nothing is restored, is added there.
import { z } from 'zod'
import { logLimits } from '../../limits/log.ts'
import type { ManagementParts } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'

export function backupOperations({ backUp }: ManagementParts): Operation[] {
  if (backUp === undefined) return []
  return [
    operation({
      method: 'get',
      path: '/v1/backup',
      where: 'node',
      tag: 'Backup',
      summary: 'Everything that is kept on disk, as a tar archive for "pabal backup"',
      access: 'administrator',
      isStream: true,
      query: z.strictObject({
        rate: z.coerce
          .number()
          .int()
          .min(logLimits.backupRateMin)
          .optional()
          .describe('At most so many bytes a second'),
      }),
      answers: {
        200: 'The archive; what ended it is its last file, FAILED',
        400: 'Nothing is kept on disk, or it is a cluster',
        409: 'Another backup is being taken',
      },
      async handle({ query: { rate }, context }) {
        const headers = { 'content-type': 'application/x-tar' }
        // Who asks for the head of it reads nothing, and would keep others from theirs.
        if (context.req.method === 'HEAD') return new Response(null, { headers })
        const backup = await backUp(rate)
        if ('problem' in backup) {
          const { problem: reason, isLasting = false } = backup
          return isLasting
            ? context.json({ error: 'bad_request', reason }, 400)
            : context.json({ error: 'conflict', reason }, 409)
        }
        return new Response(streamOf(backup), { headers })
      },
    }),
  ]
}

/** Reads on when what was read is sent, and not at all when the client has gone. */
function streamOf(pieces: AsyncGenerator<Buffer>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const next = await pieces.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
    async cancel() {
      await pieces.return(undefined)
    },
  })
}
