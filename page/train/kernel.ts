/*
 * The fused kernel in a browser, which `trainer/backends/fused/compile.ts` is outside of one: build_page.ts compiles it from
 * AssemblyScript, and here it is downloaded. The bytes are the same, and so are those of the models.
 */

/** The paths of the kernel's WebAssembly, with and without relaxed SIMD; build_page.ts defines them. */
declare const KERNEL_FILES: { relaxed: string; simd: string };

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

/**
 * Downloads and compiles the kernel.
 *
 * @param relaxed Use WebAssembly's relaxed SIMD.
 * @param shared Must be false: browsers share memory only on pages that are isolated from others, and this one is not.
 * @throws {Error} If the server cannot be reached.
 */
export function fusedKernel(relaxed: boolean, shared = false): Promise<WebAssembly.Module> {
  if (shared) throw new TypeError("Cannot share memory among workers in a page");
  const kernel = compiled.get(relaxed) ?? download(relaxed ? KERNEL_FILES.relaxed : KERNEL_FILES.simd);
  compiled.set(relaxed, kernel);
  kernel.catch(() => compiled.delete(relaxed)); // the next call tries again
  return kernel;
}

async function download(path: string): Promise<WebAssembly.Module> {
  const response = await fetch(path).catch(() => null);
  if (!response?.ok) {
    throw new Error(
      "Cannot download what trains: the server cannot be reached, or has another version of it",
    );
  }
  return await WebAssembly.compile(await response.bytes());
}
