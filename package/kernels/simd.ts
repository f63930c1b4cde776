/** The kernel with SIMD, in base64; scripts/package_plugins.ts defines it. */
declare const FUSED_SIMD: string;

export const base64: string = FUSED_SIMD;
