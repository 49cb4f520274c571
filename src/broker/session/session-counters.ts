// What sessions count, of all virtual hosts of a cell since its start.
export class SessionCounters {
  /** Messages of QoS 0 that a connection had no room for. */
  droppedQos0 = 0
}
