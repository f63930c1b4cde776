/** The kernel with relaxed SIMD, in base64; scripts/package_plugins.ts defines it. */
declare const FUSED_RELAXED: string;

export const base64: string = FUSED_RELAXED;
