/**
 * Version of the plugin contract: what `apiVersion` of a plugin has to be. It is the major version of `@millrace/core`, whose peer
 * dependents plugins are: what is added keeps it, what breaks a plugin that keeps the contract raises both.
 *
 * | version | contract                             |
 * | ------- | ------------------------------------ |
 * | 1       | the first one; `@millrace/core` 1.x  |
 */
export const pluginApiVersion = 1
