// A search whose text stands in the URL, for lists that the broker filters.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { setParams } from '../lib/router.ts'
import { SearchField } from './chips.tsx'

/** A word is looked for when nobody has typed for so long. */
const typedMs = 200

export function SearchParam({
  label,
  param,
  value,
  placeholder,
}: {
  readonly label: string
  readonly param: string
  readonly value: string
  readonly placeholder?: string
}): JSX.Element {
  const [typed, setTyped] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const looked = useRef(value)
  useEffect(() => {
    // Who types on while it is looked for keeps what was typed.
    if (value === looked.current) return
    looked.current = value
    clearTimeout(timer.current)
    setTyped(value)
  }, [value])
  // Another page has other parameters.
  useEffect(() => () => clearTimeout(timer.current), [])
  const type = (text: string): void => {
    setTyped(text)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      looked.current = text
      setParams({ [param]: text })
    }, typedMs)
  }
  return <SearchField label={label} value={typed} placeholder={placeholder} onChange={type} />
}
