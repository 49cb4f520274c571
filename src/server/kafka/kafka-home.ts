import type { Incoming } from '../byte-source.ts'

/** The way to the cell that keeps all topics and groups, for the clients that another cell has let in. */
export interface KafkaHome {
  /** Opens a link for a client, of whom `facts` tell; undefined when nobody has the home, after a while. Never rejects. */
  open(facts: object): Promise<Incoming | undefined>
}
