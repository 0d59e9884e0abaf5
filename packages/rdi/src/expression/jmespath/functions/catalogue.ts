import { conversionFunctions } from './conversion.ts'
import type { FunctionDefinition } from './definition.ts'
import { hash } from './hash.ts'
import { listFunctions } from './lists.ts'
import { numberFunctions } from './numbers.ts'
import { objectFunctions } from './objects.ts'
import { regexReplace } from './regex-replace.ts'
import { sortingFunctions } from './sorting.ts'
import { textFunctions } from './text.ts'
import { timeFunctions } from './time-delta.ts'
import { xmlToDict } from './xml-to-dict.ts'

/** The functions of JMESPath and those of RDI, by name. Where both have one, it is RDI's. */
export const functions: ReadonlyMap<string, FunctionDefinition> = new Map(
  [
    ...textFunctions,
    ...numberFunctions,
    ...listFunctions,
    ...sortingFunctions,
    ...objectFunctions,
    ...conversionFunctions,
    ...timeFunctions,
    hash,
    regexReplace,
    xmlToDict,
  ].map((definition) => [definition.name, definition]),
)
