// Makes a file an object. Whoever gives it its name tells the writer so afterwards.
import type { FinishedFile } from './cell-table.ts'
import type { ClusterFiles } from './cluster-files.ts'
import { readEnds } from './file-ends.ts'
import type { ObjectSource } from './objects/object-store.ts'

export async function putFile(
  { writer }: Pick<ClusterFiles, 'writer'>,
  name: string,
  source: ObjectSource,
): Promise<FinishedFile> {
  const ends = await readEnds(source)
  const { key, crc32c } = await writer.put(name, source)
  return { key, size: source.size, crc32c, ends }
}
