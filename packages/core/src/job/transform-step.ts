import { z } from 'zod'
import { isRecord, type ConfigPath } from '../config/config-path.ts'
import type { ProblemList } from '../config/problem-list.ts'
import { suggestKey } from '../config/suggest-key.ts'
import { validateConfig } from '../config/validate-config.ts'
import { quotedInteger } from '../plugin/quoted.ts'
import { transformNames, validateTransform } from '../transform/index.ts'
import type { JobFileTransform } from './job-file.ts'

/** Parameters of a transformer, the same in both shapes. */
export const transformParameterSchema = z.looseObject({
  columnIndex: quotedInteger({ min: 0 }).describe('Position of the column, from 0.'),
  paras: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .nullish()
    .describe('Parameters of the transformer, in its order.'),
  code: z.unknown().optional().describe('Groovy code; not supported.'),
  extraPackage: z.unknown().optional().describe('Packages of Groovy code; not supported.'),
  context: z.unknown().optional().describe('Has no effect.'),
})

/** A transformer as a file has it. */
export interface RawTransform {
  readonly name: string
  readonly parameter: unknown
  readonly path: ConfigPath
  readonly namePath: ConfigPath
  readonly parameterPath: ConfigPath
}

/** Checks one transformer; `undefined` when something is wrong with it, which is reported. */
export async function readTransform(
  raw: RawTransform,
  problems: ProblemList,
): Promise<JobFileTransform | undefined> {
  const name = transformNames.find((known) => known === raw.name)
  if (name === undefined) {
    problems.error(raw.namePath, unknownTransform(raw.name))
    return undefined
  }
  const parameter = raw.parameter ?? {}
  const parsed = await validateConfig(transformParameterSchema, parameter, problems, {
    base: raw.parameterPath,
  })
  if (parsed === undefined) return undefined
  const columnPath = [...raw.parameterPath, 'columnIndex']
  const columnIndex = parsed.value.columnIndex
  if (columnIndex === undefined) {
    problems.error(columnPath, 'is missing: expected the position of a column, from 0')
    return undefined
  }
  const parameters = (parsed.value.paras ?? []).map(String)
  const wrong = validateTransform({ name, columnIndex, parameters })
  for (const message of wrong) problems.error([...raw.parameterPath, 'paras'], message)
  if (wrong.length > 0) return undefined
  return { name, columnIndex, parameters, path: raw.path, columnPath }
}

function unknownTransform(name: string): { message: string; hint?: string } {
  if (/groovy/i.test(name)) {
    return {
      message: 'Groovy code is not supported',
      hint: 'Compute the value in the reader: a column may be an SQL expression.',
    }
  }
  const nearest = suggestKey(name, transformNames)
  const known = `Known are ${transformNames.join(', ')}.`
  return {
    message: `there is no transformer ${JSON.stringify(name)}`,
    hint: nearest === undefined ? known : `Did you mean ${JSON.stringify(nearest)}? ${known}`,
  }
}

/** Whether a processor step does nothing: what the wizard adds to every job. */
export function isEmptyProcessor(stepType: string | null | undefined, parameter: unknown): boolean {
  if (stepType !== null && stepType !== undefined && stepType.trim() !== '') return false
  if (!isRecord(parameter)) return true
  return ['nodes', 'edges', 'groups'].every((key) => {
    const list = parameter[key]
    return list === undefined || list === null || (Array.isArray(list) && list.length === 0)
  })
}
