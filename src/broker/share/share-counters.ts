/** What became of records of all share groups. */
export interface ShareCounters {
  accepted: number
  archived: number
  dead: number
}
