// The payload of a message: its start with the message, the rest when somebody asks; unpacked where it is compressed.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { apiUrl, ownHeaders, problemOf } from '../../lib/api.ts'
import {
  bytesOfBase64,
  compressionOf,
  type Decoded,
  decodePayload,
  decompress,
} from './decode/decode-payload.ts'
import { payloadPath, placeOf, type StreamRef, type WholeMessage } from './message.ts'

export interface Payload {
  /** Undefined until it is unpacked. */
  readonly decoded: Decoded | undefined
  /** Bytes that are here of it, as it was sent. */
  readonly loadedSize: number
  readonly isWhole: boolean
  /** `gzip` and the like; its bytes are as they were sent where it could not be unpacked. */
  readonly compression: string | undefined
  readonly isUnpacked: boolean
  readonly isLoading: boolean
  readonly problem: string | undefined
  readonly loadAll: () => void
}

/** Of what was compressed, and may be a bomb. */
const unpackedSizeMax = 32 * 1024 * 1024

export function usePayload(stream: StreamRef, message: WholeMessage): Payload {
  const [loaded, setLoaded] = useState<Uint8Array>()
  const [isLoading, setLoading] = useState(false)
  const [problem, setProblem] = useState<string>()
  const start = useMemo(() => bytesOf(message), [message])
  const bytes = loaded ?? start
  const isWhole = bytes.length >= message.payload_bytes
  const contentType = textOf(message.properties?.content_type)
  const contentEncoding = textOf(message.properties?.content_encoding)
  const unpacked = useUnpacked(bytes, { isWhole, contentType, contentEncoding })
  const loadAll = (): void => {
    setLoading(true)
    setProblem(undefined)
    fetchBytes(payloadPath(stream, placeOf(message)))
      .then(setLoaded, (error: Error) => setProblem(error.message))
      .finally(() => setLoading(false))
  }
  return { ...unpacked, loadedSize: bytes.length, isWhole, isLoading, problem, loadAll }
}

type Unpacked = Pick<Payload, 'decoded' | 'compression' | 'isUnpacked'>

interface Facts {
  readonly isWhole: boolean
  readonly contentType: string
  readonly contentEncoding: string
}

function useUnpacked(bytes: Uint8Array, facts: Facts): Unpacked {
  const { isWhole, contentType, contentEncoding } = facts
  const compression = compressionOf(bytes, contentEncoding)
  const plain = useMemo(
    () =>
      compression === undefined
        ? decodePayload(bytes, { contentType, isCut: !isWhole })
        : undefined,
    [bytes, compression, contentType, isWhole],
  )
  const [unpacked, setUnpacked] = useState<Unpacked>()
  useEffect(() => {
    if (compression === undefined) return undefined
    let isOld = false
    setUnpacked(undefined)
    void decompress(bytes, compression, unpackedSizeMax).then((found) => {
      if (isOld) return
      const isCut = !isWhole || found?.isCut === true
      const decoded = decodePayload(found?.bytes ?? bytes, { contentType, isCut })
      setUnpacked({ decoded, compression, isUnpacked: found !== undefined })
    })
    return () => {
      isOld = true
    }
  }, [bytes, compression, contentType, isWhole])
  if (plain !== undefined) return { decoded: plain, compression: undefined, isUnpacked: false }
  return unpacked ?? { decoded: undefined, compression, isUnpacked: false }
}

function bytesOf({ payload = '', payload_encoding: encoding }: WholeMessage): Uint8Array {
  return encoding === 'base64' ? bytesOfBase64(payload) : new TextEncoder().encode(payload)
}

async function fetchBytes(path: string): Promise<Uint8Array> {
  const response = await fetch(apiUrl(path), { headers: ownHeaders })
  if (!response.ok) throw problemOf(response.status, await response.text())
  return new Uint8Array(await response.arrayBuffer())
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
