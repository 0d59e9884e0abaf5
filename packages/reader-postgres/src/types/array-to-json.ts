/** How the server makes JSON of a value whose text is known (`datum_to_json` of PostgreSQL's json.c). */
export type JsonForm =
  | { readonly kind: 'text' | 'number' | 'bool' | 'json' | 'datetime' | 'instant' }
  | { readonly kind: 'array'; readonly element: JsonForm; readonly delimiter: string }
  | {
      readonly kind: 'composite'
      readonly fields: readonly { readonly name: string; readonly form: JsonForm }[]
    }

/** A JSON number, as the server recognises one. */
const jsonNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

/**
 * The JSON that the server's `array_to_json` would make of an array, from the text of the array (PostgreSQL documentation,
 * "Array Input and Output Syntax", "Composite Type Input and Output Syntax"). Looks at ASCII alone, so that any encoding may
 * be given as Latin-1.
 */
export function arrayToJson(text: string, form: JsonForm): string {
  return jsonOf(text, form)
}

function jsonOf(text: string, form: JsonForm): string {
  switch (form.kind) {
    case 'text':
      return JSON.stringify(text)
    case 'number':
      return jsonNumber.test(text) ? text : JSON.stringify(text)
    case 'bool':
      return text === 't' ? 'true' : 'false'
    case 'json':
      return text
    case 'datetime':
      return JSON.stringify(text.replace(' ', 'T'))
    case 'instant':
      return JSON.stringify(text.replace(' ', 'T').replace(/\+00(?= BC$|$)/, '+00:00'))
    case 'array':
      return new ArrayReader(text, form.delimiter).json(form.element)
    case 'composite':
      return compositeJson(text, form.fields)
  }
}

class ArrayReader {
  readonly #text: string
  readonly #delimiter: string
  #at: number

  constructor(text: string, delimiter: string) {
    this.#text = text
    this.#delimiter = delimiter
    // Lower bounds stand before the array: [0:1]={1,2}.
    this.#at = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  }

  json(element: JsonForm): string {
    this.#at += 1
    const items: string[] = []
    while (this.#text[this.#at] !== '}') {
      if (this.#text[this.#at] === this.#delimiter) this.#at += 1
      items.push(this.#item(element))
    }
    this.#at += 1
    return `[${items.join(',')}]`
  }

  #item(element: JsonForm): string {
    const first = this.#text[this.#at]
    if (first === undefined) throw new Error('the server sent an array without an end')
    if (first === '{') return this.json(element)
    if (first === '"') return jsonOf(this.#quoted(), element)
    const start = this.#at
    while (
      this.#text[this.#at] !== this.#delimiter &&
      this.#text[this.#at] !== '}' &&
      this.#at < this.#text.length
    )
      this.#at += 1
    const text = this.#text.slice(start, this.#at)
    return text === 'NULL' ? 'null' : jsonOf(text, element)
  }

  #quoted(): string {
    const parts: string[] = []
    let start = (this.#at += 1)
    for (; this.#text[this.#at] !== '"'; this.#at += 1) {
      if (this.#at >= this.#text.length) throw new Error('the server sent an array without an end')
      if (this.#text[this.#at] !== '\\') continue
      parts.push(this.#text.slice(start, this.#at))
      this.#at += 1
      start = this.#at
    }
    parts.push(this.#text.slice(start, this.#at))
    this.#at += 1
    return parts.join('')
  }
}

function compositeJson(
  text: string,
  fields: readonly { readonly name: string; readonly form: JsonForm }[],
): string {
  let at = 1
  const members = fields.map(({ name, form }) => {
    const parts: string[] = []
    let isNull = true
    for (; at < text.length && text[at] !== ',' && text[at] !== ')'; at += 1) {
      isNull = false
      if (text[at] !== '"') parts.push(text.charAt(at))
      else at = quotedEnd(text, at, parts)
    }
    at += 1
    return `${latin1Json(name)}:${isNull ? 'null' : jsonOf(parts.join(''), form)}`
  })
  return `{${members.join(',')}}`
}

/** Adds what stands between the quotes that open at `from`; gives the place of the closing one. */
function quotedEnd(text: string, from: number, parts: string[]): number {
  let at = from + 1
  for (; at < text.length; at += 1) {
    const letter = text[at]
    if (letter === '\\') at += 1
    else if (letter === '"') {
      if (text[at + 1] !== '"') return at
      at += 1
    }
    parts.push(text.charAt(at))
  }
  throw new Error('the server sent a composite value without an end')
}

/** The names come from the catalogue, the values as Latin-1 of their bytes. */
function latin1Json(name: string): string {
  return Buffer.from(JSON.stringify(name), 'utf8').toString('latin1')
}
