import { existsSync } from "node:fs";
import { env } from "node:process";
import { type Browser, chromium } from "playwright-core";

/** Paths of Chromium and Chrome on Linux distributions and macOS. */
const USUAL_PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The path of this machine's browser, or undefined if there is none. */
export const CHROMIUM_PATH: string | undefined = env.CHROMIUM_PATH ||
  USUAL_PATHS.find((path) => existsSync(path));

/**
 * Starts Chromium.
 *
 * @param graphics "software" enables WebGPU on SwiftShader, "none" disables WebGPU.
 * @param moreFlags Further flags of Chromium.
 */
export async function startBrowser(
  graphics: "none" | "software",
  moreFlags: readonly string[] = [],
): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM_PATH,
    args: [
      "--headless",
      "--no-sandbox",
      ...(graphics === "none"
        ? ["--disable-gpu"]
        : ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]),
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...moreFlags,
    ],
  });
}
