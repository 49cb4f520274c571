// The API of a cell that is open here, or of this node alone, for those who ask from within or by a link: whoever asks
// has been found out before.
import { Hono } from 'hono'
import type { ServingGate } from '../../lib/serving-gate.ts'
import { answerFault } from '../answer-fault.ts'
import type { ManagementParts } from '../answers.ts'
import type { ApiVariables } from '../api/api.ts'
import { pathAsWritten } from '../api/raw-path.ts'
import { Sessions } from '../api/sessions.ts'
import { holdAnswers } from '../hold-answers.ts'
import { createManagementRoutes } from '../management-routes.ts'
import type { ApiHere } from './cluster-asker.ts'

export interface ApiHereParts {
  readonly onFault: (error: Error) => void
  /** Where the node may have to stop serving what is asked. */
  readonly gate?: ServingGate | undefined
}

/** Answers of a cell wait while `gate` is shut. */
export function createApiHere(
  management: ManagementParts,
  { onFault, gate }: ApiHereParts,
): ApiHere {
  const { access, clock, random } = management.broker
  const app = new Hono<ApiVariables>({ getPath: pathAsWritten })
  // Nobody logs in here, so nobody has a session.
  const sessions = new Sessions({ access, clock, random })
  if (gate !== undefined) app.use('/api/*', holdAnswers(gate, clock))
  app.route('/api', createManagementRoutes(management, { access, sessions, onFault }))
  app.onError(answerFault(onFault))
  app.notFound((context) => context.json({ error: 'not_found', reason: 'Not Found' }, 404))
  return (request, bindings) => app.fetch(request, bindings)
}
