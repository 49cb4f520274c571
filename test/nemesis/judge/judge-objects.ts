// Each file that PostgreSQL names is in the store of objects, with the bytes that it is to have.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from '../../../src/lib/crc32c.ts'
import type { Rig } from '../rig.ts'

interface Named {
  readonly name: string
  readonly key: string
  readonly size: number
  readonly crc32c: number
}

export async function judgeObjects(rig: Rig): Promise<string[]> {
  const text = await rig.postgres.ask(
    `SELECT coalesce(json_agg(json_build_object('name', name, 'key', key, 'size', size, 'crc32c', crc32c)), '[]')
      FROM nemesis.files`,
  )
  const folder = join(rig.folder, 'objects')
  const files = new Map<string, string>()
  for (const name of (await readdir(folder)).filter((each) => each.endsWith('.json'))) {
    const { key, file } = JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<
      'key' | 'file',
      string
    >
    files.set(key, file)
  }
  const wrongs: string[] = []
  for (const { name, key, size, crc32c: checksum } of JSON.parse(text) as Named[]) {
    const file = files.get(`nemesis/${key}`)
    const bytes = file === undefined ? undefined : await readFile(join(folder, file))
    if (bytes === undefined) wrongs.push(`the object of ${name} is gone`)
    else if (bytes.length !== size || crc32c(bytes) !== checksum)
      wrongs.push(`the object of ${name} has ${bytes.length} bytes of ${size}, or others`)
  }
  return wrongs
}
