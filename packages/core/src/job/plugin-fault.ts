import { PluginError } from '../plugin/errors.ts'
import type { Plugin } from '../plugin/define.ts'
import type { PlannedStep } from './job-plan.ts'

/** Whose fault an error is that no plugin means to throw. */
const owners = new WeakMap<object, string>()

/** A plugin as messages name it: `the reader acme of millrace-reader-acme (step "Reader")`. */
export function pluginTitle(step: {
  readonly plugin: Pick<Plugin, 'kind' | 'stepType'>
  readonly origin: string
  readonly name: string
}): string {
  const { plugin, origin, name } = step
  return `the ${plugin.kind} ${plugin.stepType} of ${origin} (step ${JSON.stringify(name)})`
}

/** Whose plugin threw an error, where it is none of ours. */
export function ownerOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? owners.get(error) : undefined
}

/** The session of a step; errors of its calls that are no `PluginError` are kept with the plugin that they came from. */
export async function ownedSession<S extends object>(
  step: PlannedStep<Plugin>,
  open: () => Promise<S>,
): Promise<S> {
  const owner = pluginTitle(step)
  return owned(await noting(owner, open), owner)
}

/** Stands for an object whose methods a plugin has written. */
function owned<T extends object>(target: T, owner: string): T {
  // Not a proxy of the object itself: of one that is frozen it could not give other functions.
  return new Proxy({} as T, {
    has: (_, key) => Reflect.has(target, key),
    get: (_, key) => {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) =>
        noting(owner, () => Reflect.apply(value, target, args) as unknown)
    },
  })
}

/** Calls; what is thrown, now or later, is noted and passed on as it is. */
function noting<T>(owner: string, call: () => T): T {
  let result: T
  try {
    result = call()
  } catch (error) {
    note(error, owner)
    throw error
  }
  if (result instanceof Promise) result.catch((error: unknown) => note(error, owner))
  else if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result)
    return owned(result, owner)
  return result
}

function note(error: unknown, owner: string): void {
  if (typeof error !== 'object' || error === null) return
  if (!PluginError.isInstance(error) && !owners.has(error)) owners.set(error, owner)
}
