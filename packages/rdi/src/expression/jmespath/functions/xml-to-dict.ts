import { createRequire } from 'node:module'
import type * as Saxes from 'saxes'
import type { RdiValue } from '../../../model/expression.ts'
import { EvaluationError } from '../compile/evaluate.ts'
import { objectOf } from '../values/value-type.ts'
import { define, type FunctionDefinition } from './definition.ts'
import { stringOrNull } from './parameters.ts'

const require = createRequire(import.meta.url)

/** Loaded with the first expression that reads XML: few do, and it takes 10 ms. */
function loadSaxes(): typeof Saxes {
  return require('saxes') as typeof Saxes
}

/**
 * XML as Python's `xmltodict` gives it: attributes with `@` before the name, text beside them as `#text`, repeated
 * elements as a list, an empty element as null. Everything else is text, without the blanks around it.
 */
export const xmlToDict: FunctionDefinition = {
  ...define('xml_to_dict', [stringOrNull], () => null),
  makeCall: () => {
    const { SaxesParser } = loadSaxes()
    return (text) =>
      (typeof text === 'string' && text !== '' ? parseXml(text, SaxesParser) : text) as RdiValue
  },
}

/** An element while it is open: its attributes and children by name, and its text. */
interface OpenElement {
  readonly fields: Map<string, RdiValue[]>
  text: string
}

function openElement(): OpenElement {
  return { fields: new Map(), text: '' }
}

function parseXml(text: string, SaxesParser: typeof Saxes.SaxesParser): RdiValue {
  const root = openElement()
  const open = [root]
  // The messages of the parser hold parts of the XML: the place has to do.
  const parser = new SaxesParser({ position: true })
  parser.on('error', () => {
    throw new EvaluationError(
      `xml_to_dict() got text that is not well-formed XML (line ${parser.line}, column ${parser.column})`,
    )
  })
  parser.on('opentag', ({ attributes }) => {
    const element = openElement()
    for (const [name, value] of Object.entries(attributes)) add(element, `@${name}`, String(value))
    open.push(element)
  })
  const addText = (content: string): void => {
    const element = open.at(-1)
    if (element) element.text += content
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', ({ name }) => {
    const element = open.pop() ?? root
    add(open.at(-1) ?? root, name, valueOf(element))
  })
  parser.write(text).close()
  return objectOf(entriesOf(root))
}

function add(element: OpenElement, name: string, value: RdiValue): void {
  const values = element.fields.get(name)
  if (values) values.push(value)
  else element.fields.set(name, [value])
}

function valueOf(element: OpenElement): RdiValue {
  const text = element.text.trim()
  if (element.fields.size === 0) return text === '' ? null : text
  if (text !== '') add(element, '#text', text)
  return objectOf(entriesOf(element))
}

function entriesOf(element: OpenElement): [string, RdiValue][] {
  return [...element.fields].map(([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ])
}
