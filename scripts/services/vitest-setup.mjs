// Placeholder until scripts/services can start servers of its own: the servers named by the environment are used.
export function setup() {}
