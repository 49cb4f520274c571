// Limits of looking at sessions and retained messages, and of changing them, by HTTP.
export const mqttAdminLimits = {
  /** Sessions that one request disconnects or deletes: each is an atom of its own. */
  sessionsAtOnceMax: 1000,
  /** Subscriptions of a session, members of a group, topics of a filter that are shown; there are counts of all. */
  shownMax: 500,
  /** Topics and subscriptions that a tested filter or topic has and that are told. */
  testedShownMax: 50,
  /** Retained messages that a tested filter is tried with: a test is no search. */
  testedTopicsMax: 100_000,
  /** Bytes of each payload of a list. */
  previewSizeMax: 4096,
  /** Texts that are tested: as long as MQTT can say them. */
  testedLengthMax: 65_535,
} as const
