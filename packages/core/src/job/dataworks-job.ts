import { isRecord, type ConfigPath } from '../config/config-path.ts'
import { describeValue } from '../config/describe-value.ts'
import type { ProblemList } from '../config/problem-list.ts'
import { validateConfig } from '../config/validate-config.ts'
import {
  dataWorksJobSchema,
  dataWorksOrderSchema,
  dataWorksStepSchema,
  legacyJobSchema,
} from './dataworks-schema.ts'
import { readDataWorksSettings } from './dataworks-settings.ts'
import type { JobFile, JobFileStep, JobFileTransform, PluginModuleName } from './job-file.ts'
import { orderProcessors, type Hop, type OrderedStep } from './order-steps.ts'
import { isEmptyProcessor, readTransform } from './transform-step.ts'

type RawJob = Readonly<Record<string, unknown>>

interface ReadStep extends OrderedStep {
  readonly stepType: string
  readonly parameter: Readonly<Record<string, unknown>>
}

/** Reads a job in the shape of DataWorks (`steps`), version 2.0. Reports everything that is wrong. */
export async function readDataWorksJob(raw: RawJob, problems: ProblemList): Promise<JobFile> {
  await validateConfig(dataWorksJobSchema, raw, problems, { base: [] })
  checkVersion(raw['version'], '2.0', problems)
  const steps = readSteps(raw['steps'], problems)
  const reader = onlyStep(raw['steps'], steps, 'reader', problems)
  const writer = onlyStep(raw['steps'], steps, 'writer', problems)
  const settings = readDataWorksSettings(raw['setting'], problems, ['setting'])
  const processors = orderProcessors(steps, readHops(raw['order']), problems)
  return {
    ...(reader === undefined ? {} : { reader }),
    ...(writer === undefined ? {} : { writer }),
    ...(settings === undefined ? {} : { settings }),
    transforms: await readProcessors(processors, problems),
    plugins: readPluginNames(raw),
  }
}

/** Reads a job in the older shape of DataWorks (`configuration`), version 1.0. */
export async function readLegacyJob(raw: RawJob, problems: ProblemList): Promise<JobFile> {
  await validateConfig(legacyJobSchema, raw, problems, { base: [] })
  checkVersion(raw['version'], '1.0', problems)
  const configuration = isRecord(raw['configuration']) ? raw['configuration'] : {}
  const settings = readDataWorksSettings(configuration['setting'], problems, [
    'configuration',
    'setting',
  ])
  const reader = legacyStep(configuration, 'reader')
  const writer = legacyStep(configuration, 'writer')
  return {
    ...(reader === undefined ? {} : { reader }),
    ...(writer === undefined ? {} : { writer }),
    ...(settings === undefined ? {} : { settings }),
    transforms: [],
    plugins: readPluginNames(raw),
  }
}

function legacyStep(configuration: RawJob, kind: 'reader' | 'writer'): JobFileStep | undefined {
  const step = configuration[kind]
  if (!isRecord(step) || typeof step['plugin'] !== 'string') return undefined
  const path = ['configuration', kind]
  return {
    kind,
    name: kind === 'reader' ? 'Reader' : 'Writer',
    stepType: step['plugin'].trim(),
    parameter: isRecord(step['parameter']) ? step['parameter'] : {},
    path,
    stepTypePath: [...path, 'plugin'],
    parameterPath: [...path, 'parameter'],
  }
}

/** The modules named in `plugins`, texts only. */
export function readPluginNames(raw: RawJob): PluginModuleName[] {
  const names = raw['plugins']
  if (!Array.isArray(names)) return []
  return names.flatMap((specifier, index) =>
    typeof specifier === 'string' ? [{ specifier, path: ['plugins', index] }] : [],
  )
}

function checkVersion(version: unknown, expected: string, problems: ProblemList): void {
  if (version === undefined || Number(version) === Number(expected)) return
  if (typeof version !== 'string' && typeof version !== 'number') return
  problems.error(['version'], `expected "${expected}", found ${describeValue(version)}`)
}

function readSteps(raw: unknown, problems: ProblemList): ReadStep[] {
  if (!Array.isArray(raw)) return []
  return raw.flatMap((entry: unknown, index): ReadStep[] => {
    const parsed = dataWorksStepSchema.safeParse(entry)
    if (!parsed.success) return []
    const { category, parameter } = parsed.data
    const path: ConfigPath = ['steps', index]
    const stepType = parsed.data.stepType?.trim() ?? ''
    const isEmpty = category === 'processor' && isEmptyProcessor(stepType, parameter)
    if (stepType === '' && !isEmpty) {
      problems.error(stepType === '' && category === 'processor' ? path : [...path, 'stepType'], {
        message:
          category === 'processor'
            ? 'processors of the wizard (nodes and edges) are not supported'
            : `is missing: expected the name of a ${category}`,
        ...(category === 'processor'
          ? {
              hint: 'Use processors with stepType dx_substr, dx_pad, dx_replace, dx_filter or dx_digest.',
            }
          : {}),
      })
      return []
    }
    const name =
      parsed.data.name ??
      (category === 'reader' ? 'Reader' : category === 'writer' ? 'Writer' : `processor ${index}`)
    return [{ name, category, stepType, parameter: parameter ?? {}, isEmpty, path }]
  })
}

function onlyStep(
  raw: unknown,
  steps: readonly ReadStep[],
  kind: 'reader' | 'writer',
  problems: ProblemList,
): JobFileStep | undefined {
  const [step, second] = steps.filter((one) => one.category === kind)
  if (second !== undefined) {
    problems.error([...second.path, 'category'], `expected one ${kind} in a job, found another`)
  }
  if (step === undefined) {
    // A step that may have been meant as one, but is wrong, has its own error.
    const others = ['reader', 'writer', 'processor'].filter((category) => category !== kind)
    const isMeant = (entry: unknown): boolean =>
      !isRecord(entry) || !others.includes(String(entry['category']))
    if (Array.isArray(raw) && !raw.some(isMeant)) {
      problems.error(['steps'], `there is no step with "category": "${kind}"`)
    }
    return undefined
  }
  return {
    kind,
    name: step.name,
    stepType: step.stepType,
    parameter: step.parameter,
    path: step.path,
    stepTypePath: [...step.path, 'stepType'],
    parameterPath: [...step.path, 'parameter'],
  }
}

function readHops(raw: unknown): Hop[] {
  const parsed = dataWorksOrderSchema.safeParse(raw ?? {})
  if (!parsed.success) return []
  return (parsed.data.hops ?? []).map((hop, index) => ({
    from: hop.from,
    to: hop.to,
    path: ['order', 'hops', index],
  }))
}

async function readProcessors(
  processors: readonly ReadStep[],
  problems: ProblemList,
): Promise<JobFileTransform[]> {
  const transforms: JobFileTransform[] = []
  for (const step of processors) {
    const transform = await readTransform(
      {
        name: step.stepType,
        parameter: step.parameter,
        path: step.path,
        namePath: [...step.path, 'stepType'],
        parameterPath: [...step.path, 'parameter'],
      },
      problems,
    )
    if (transform !== undefined) transforms.push(transform)
  }
  return transforms
}
