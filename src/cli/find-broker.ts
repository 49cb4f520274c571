// Which broker a command talks to.
import { findDataFolder } from '../settings/load-config.ts'
import { BrokerClient } from './broker-client.ts'
import type { Session } from './remote-command.ts'

/** Rejects with an `ExitError` when what says so cannot be read. */
export async function findBroker(session: Session): Promise<BrokerClient> {
  return new BrokerClient(await findDataFolder(session))
}
