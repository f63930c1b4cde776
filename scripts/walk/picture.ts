import type { Locator } from "playwright-core";

/** Room around what a picture shows, in pixels of the page. */
const MARGIN = 16;
/** Quality of WebP, of 100. */
const QUALITY = 70;
const MAX_BYTES = 60_000;

/**
 * Takes a picture of a part of the page: of the smallest rectangle that holds some elements. It is WebP, which takes half as much
 * as JPEG; Playwright itself does not write it.
 *
 * @throws {Error} If it has more than {@link MAX_BYTES}.
 */
export async function takePicture(...elements: Locator[]): Promise<Uint8Array> {
  const page = elements[0].page();
  await elements[0].evaluate((element) => element.scrollIntoView());
  const boxes = await Promise.all(elements.map(async (element) => (await element.boundingBox())!));
  const left = Math.min(...boxes.map(({ x }) => x));
  const top = Math.min(...boxes.map(({ y }) => y));
  const right = Math.max(...boxes.map(({ x, width }) => x + width));
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height));
  const clip = {
    x: left - MARGIN,
    y: top - MARGIN + await page.evaluate(() => scrollY),
    width: right - left + 2 * MARGIN,
    height: bottom - top + 2 * MARGIN,
    scale: 1,
  };
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY, clip });
  await session.detach();
  const bytes = Uint8Array.fromBase64(data);
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new Error(`Cannot keep a picture of ${bytes.length} bytes: the most is ${MAX_BYTES}`);
}
