import { config } from 'zod'

/**
 * Tells zod to validate without compiling its schemas first, which pays only from the second value on. For a process that
 * loads one job and ends; holds for every zod in it.
 */
export function useSchemasOnce(): void {
  config({ jitless: true })
}
