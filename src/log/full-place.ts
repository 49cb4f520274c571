/**
 * What has no room where a cell's disk is none of the machine's own: PostgreSQL's disk, the store of objects, or the
 * rows that are not in that store yet.
 */
export type FullPlace = 'postgres' | 'objects' | 'rows'
