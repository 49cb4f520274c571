// --definitions: what a file asks for is there before any client is.
import { AccessKeeper } from '../broker/access-keeper.ts'
import type { DefinitionsReport, ReportRow } from '../definitions/report.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Logger } from '../lib/logger.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import { readDefinitionsFile } from '../settings/settings-file.ts'
import type { ProtocolParts } from './protocol-server.ts'

export interface DefinitionsFile {
  /** As the settings name it. */
  readonly path: string
  readonly text: string
}

/** Rejects with an `ExitError` that names the file. */
export async function readDefinitions(path: string): Promise<DefinitionsFile> {
  return { path, text: await readDefinitionsFile(path) }
}

/** Rejects with an `ExitError` that names file and place; then nothing was changed. */
export async function loadDefinitions(
  { cell, clients, options, logger }: LoadParts,
  { path, text }: DefinitionsFile,
): Promise<void> {
  const { broker } = cell
  const { importDefinitions, MalformedError } = await import('../definitions/import-definitions.ts')
  const keeper = new AccessKeeper({ broker, clients, settingsVHosts: options.vhosts })
  try {
    tell(path, await importDefinitions({ broker, keeper }, { text, isCheck: false }), logger)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new ExitError(exitCodes.config, `definitions file ${path}: ${error.message}`, {
      cause: error,
    })
  }
}

type LoadParts = Pick<ProtocolParts, 'cell' | 'clients' | 'options' | 'logger'>

function tell(path: string, { counts, rows }: DefinitionsReport, logger: Logger): void {
  const sum = { add: 0, change: 0, same: 0, differs: 0, ignored: 0 }
  for (const ofKind of Object.values(counts)) {
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += ofKind[key]
  }
  const { add, change, same, differs, ignored } = sum
  logger.info(
    `Definitions of ${path}: ${add} added, ${change} changed, ${same} there already, ` +
      `${differs} there otherwise, ${ignored} ignored`,
  )
  const { warningsMax } = definitionsLimits
  for (const row of rows.slice(0, warningsMax)) logger.warn(`Definitions: ${lineOf(row)}`)
  const more = rows.length - warningsMax
  if (more > 0) logger.warn(`Definitions: ${more} more; see pabal definitions import --check`)
}

function lineOf({ kind, vhost, name, outcome, note = '' }: ReportRow): string {
  const where = vhost === undefined ? '' : ` in virtual host '${vhost}'`
  const what = {
    add: 'was added',
    change: 'was changed',
    same: 'is there',
    differs: 'is there otherwise and stays',
    ignored: 'is ignored',
  }[outcome]
  return `${kind} ${name}${where} ${what}: ${note}`
}
