/**
 * Set what the trainer imports from a package of TensorFlow.js, by the package's name. scripts/package_plugins.ts makes them; in
 * the sources there are none.
 */
export const receivers: Map<string, (module: object) => void> = new Map();
