/*
 * The fused kernel of the package, in place of `trainer/backends/fused/compile.ts`: scripts/package_plugins.ts compiles it from
 * AssemblyScript when the package is built. The bytes are the same, and so are those of the models.
 */

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

/**
 * Compiles the kernel's WebAssembly.
 *
 * @param relaxed Use relaxed SIMD.
 * @param shared Must be false: the package has no threads.
 */
export function fusedKernel(relaxed: boolean, shared = false): Promise<WebAssembly.Module> {
  if (shared) throw new RangeError("Cannot train with several workers: the package trains in one thread");
  const kernel = compiled.get(relaxed) ?? compile(relaxed);
  compiled.set(relaxed, kernel);
  return kernel;
}

async function compile(relaxed: boolean): Promise<WebAssembly.Module> {
  const { base64 } = relaxed ? await import("./kernels/relaxed.ts") : await import("./kernels/simd.ts");
  return await WebAssembly.compile(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
}
