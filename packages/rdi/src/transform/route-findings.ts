import { ExpressionSyntaxError } from '../model/expression.ts'
import type { Expression, Output, TableJob } from '../model/table-job.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import { syntaxMessage } from './expression-set.ts'
import { expressionsOf } from './job-expressions.ts'
import type { Route } from './route.ts'

/** Something about a job that is wrong, or worth a warning. */
export interface RouteFinding {
  readonly severity: 'error' | 'warning'
  /** `jobs/invoice.yaml:12:9`; absent where the whole job is meant. */
  readonly place?: string
  readonly message: string
  readonly hint?: string
}

/** What can be known of jobs without the columns of their tables. */
export function routeFindings(
  routes: readonly Route[],
  { fieldsOf }: Pick<ExpressionCompiler, 'fieldsOf'>,
): readonly RouteFinding[] {
  return routes.flatMap(({ job }) => [
    ...job.outputs.flatMap(outputFindings),
    ...job.blocks.flatMap((block) =>
      block.uses === 'map' && !('fields' in block.expression)
        ? mapFindings(block.expression, fieldsOf)
        : [],
    ),
  ])
}

/** Every expression of these jobs that is none. */
export async function expressionFindings(
  jobs: readonly TableJob[],
  compiler: ExpressionCompiler,
): Promise<readonly RouteFinding[]> {
  const findings: RouteFinding[] = []
  for (const expression of jobs.flatMap(expressionsOf)) {
    const { language, text } = expression
    try {
      const program = await compiler.compile(language, [text], { realFields: [] })
      program.close()
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error
      const place = placeOf(expression, error.offset)
      findings.push({ severity: 'error', place, message: syntaxMessage(expression, error) })
    }
  }
  return findings
}

/** The place of the character at `offset`, where it stands on the first line. */
function placeOf({ place, text }: Expression, offset = 0): string {
  const [, head, column] = /^(.*:)(\d+)$/.exec(place) ?? []
  if (head === undefined || text.slice(0, offset).includes('\n')) return place
  return `${head}${Number(column) + offset}`
}

function outputFindings({ key, dataType }: Output): readonly RouteFinding[] {
  if (key === undefined || dataType === 'stream' || !/\buuid\s*\(/.test(key.text)) return []
  return [
    {
      severity: 'warning',
      place: key.place,
      message:
        'a key made with uuid() is another one each time: updates write new keys, and removals find nothing',
      hint: 'Make the key of columns that identify the row.',
    },
  ]
}

function mapFindings(
  { language, place, text }: Expression,
  fieldsOf: ExpressionCompiler['fieldsOf'],
): readonly RouteFinding[] {
  try {
    if (language === 'jmespath' && fieldsOf(text) !== undefined) return []
  } catch (error) {
    if (error instanceof ExpressionSyntaxError)
      // Said of every expression by `expressionFindings`.
      return []
    throw error
  }
  return [
    {
      severity: 'error',
      place,
      message: 'the fields that this map gives cannot be told from its expression',
      hint: 'Write it as {name: expression, …} in JMESPath, or as an object with an expression for each field.',
    },
  ]
}
